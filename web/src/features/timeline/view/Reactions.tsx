import type { MatrixEvent, Room } from "matrix-js-sdk";
import { ToggleButton } from "react-aria-components";
import { useFormatter, useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { type ReactionGroup, reactionGroups, toggleReaction } from "../model/reactions.ts";
import styles from "./Reactions.module.css";

const longestKey = 24;

export function Reactions({ event, room }: { event: MatrixEvent; room: Room }) {
  const t = useTranslations("timeline");
  const format = useFormatter();
  const client = useClient();
  const { act, busy } = useAct();
  const groups = event.isRedacted() ? [] : reactionGroups(event, room, client.getSafeUserId());
  if (groups.length === 0) return null;
  const label = ({ key, senders }: ReactionGroup): string => {
    const names = senders.map((userId) => room.getMember(userId)?.name ?? userId);
    return t("reaction", { key, names: format.list(names) });
  };
  return (
    <div className={styles.reactions} role="group" aria-label={t("reactions")}>
      {groups.map((group) => (
        <ToggleButton
          key={group.key}
          className={styles.reaction}
          isSelected={group.own !== undefined}
          isDisabled={busy}
          aria-label={label(group)}
          onChange={() => void act(() => toggleReaction(client, room, event, group.key))}
        >
          <span aria-hidden>{group.key.slice(0, longestKey)}</span>
          <span aria-hidden>{group.senders.length}</span>
        </ToggleButton>
      ))}
    </div>
  );
}
