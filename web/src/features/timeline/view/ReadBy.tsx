import { useCallback, useSyncExternalStore } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { Avatar } from "../../media/Avatar.tsx";
import { useConversation } from "../model/conversation.tsx";
import styles from "./ReadBy.module.css";

const shown = 4;
const nobody: readonly string[] = [];

/** The people who have read up to here. */
export function ReadBy({ eventId }: { eventId: string }) {
  const t = useTranslations("timeline");
  const format = useFormatter();
  const { room, readers } = useConversation();
  const read = useCallback(() => readers.state.get().at.get(eventId) ?? nobody, [readers, eventId]);
  const userIds = useSyncExternalStore(readers.state.subscribe, read);
  if (userIds.length === 0) return null;
  const names = userIds.map((userId) => room.getMember(userId)?.name ?? userId);
  const label = t("readBy", { names: format.list(names) });
  return (
    <span className={styles.readBy} role="img" aria-label={label} title={label}>
      {userIds.slice(0, shown).map((userId) => {
        const member = room.getMember(userId);
        return (
          <Avatar key={userId} id={userId} name={member?.name ?? userId} mxc={member?.getMxcAvatarUrl()} size="xs" />
        );
      })}
      {userIds.length > shown && <span>+{userIds.length - shown}</span>}
    </span>
  );
}
