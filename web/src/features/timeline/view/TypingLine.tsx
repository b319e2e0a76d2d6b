import { RoomMemberEvent } from "matrix-js-sdk";
import { useFormatter, useTranslations } from "use-intl";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { sameItems, useEmitted } from "../../../matrix/useEmitted.ts";
import { useConversation } from "../model/conversation.tsx";
import styles from "./TypingLine.module.css";

const events = [RoomMemberEvent.Typing] as const;
const named = 3;

export function TypingLine() {
  const t = useTranslations("timeline");
  const format = useFormatter();
  const client = useClient();
  const { room } = useConversation();
  const names = useEmitted(
    client,
    events,
    () =>
      room
        .getJoinedMembers()
        .filter(({ typing, userId }) => typing && userId !== client.getUserId())
        .map(({ name }) => name),
    sameItems,
  );
  return (
    <p className={styles.typing} role="status">
      {names.length > 0 &&
        (names.length <= named
          ? t("typing", { names: format.list(names), count: names.length })
          : t("typingMany", { count: names.length }))}
    </p>
  );
}
