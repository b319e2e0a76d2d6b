import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useTranslations } from "use-intl";

import styles from "./ChatList.module.css";
import { type ChatFilter, useSpaces } from "./useChats.ts";

const kinds = ["all", "unread", "direct", "groups"] as const;

interface Props {
  filter: ChatFilter;
  onChange: (filter: ChatFilter) => void;
}

/** Narrows the list: by kind, or to a space. */
export function ChatFilters({ filter, onChange }: Props) {
  const t = useTranslations("chats.filter");
  const spaces = useSpaces();
  return (
    <ToggleButtonGroup
      className={styles.filters}
      aria-label={t("label")}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[filter]}
      onSelectionChange={([chosen]) => onChange(chosen as ChatFilter)}
    >
      {kinds.map((kind) => (
        <ToggleButton key={kind} id={kind} className={styles.filter}>
          {t(kind)}
        </ToggleButton>
      ))}
      {spaces.map(({ roomId, name }) => (
        <ToggleButton key={roomId} id={roomId} className={styles.filter}>
          {name}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
