import { Button } from "react-aria-components";
import { useFormatter, useTranslations } from "use-intl";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { Avatar } from "../media/Avatar.tsx";
import styles from "../room/MessageList.module.css";
import { Highlighted } from "./Highlighted.tsx";
import type { IndexedMessage } from "./segments.ts";

interface Props {
  words: string;
  messages: readonly IndexedMessage[];
  onPick: (message: IndexedMessage) => void;
  /** Says in which room a message is. */
  rooms?: boolean;
}

export function FoundMessages({ words, messages, onPick, rooms = false }: Props) {
  const t = useTranslations("search");
  const format = useFormatter();
  const client = useClient();
  if (words.trim() === "") return null;
  if (messages.length === 0) return <p role="status">{t("nothing")}</p>;
  return (
    <ul className={styles.list} aria-label={t("found", { count: messages.length })}>
      {messages.map((message) => {
        const room = client.getRoom(message.roomId);
        const member = room?.getMember(message.sender);
        const name = member?.name ?? message.sender;
        return (
          <li key={message.eventId}>
            <Button className={styles.message} onPress={() => onPick(message)}>
              <Avatar id={message.sender} name={name} mxc={member?.getMxcAvatarUrl()} />
              <span className={styles.words}>
                <span className={styles.head}>
                  <b>{name}</b>
                  <span>{format.dateTime(message.ts, { dateStyle: "medium" })}</span>
                </span>
                <span className={styles.text} dir="auto">
                  <Highlighted text={message.text} words={words} />
                </span>
                {rooms && <span className={styles.note}>{room?.name}</span>}
              </span>
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
