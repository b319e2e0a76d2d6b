import type { MatrixEvent } from "matrix-js-sdk";
import { Button } from "react-aria-components";
import { useFormatter } from "use-intl";

import { Avatar } from "../media/Avatar.tsx";
import { usePreview } from "../timeline/model/usePreview.ts";
import styles from "./MessageList.module.css";

interface Props {
  label: string;
  events: readonly MatrixEvent[];
  onPick: (event: MatrixEvent) => void;
  /** Words below a message. */
  note?: (event: MatrixEvent) => string;
}

/** Messages, each in a few lines, to go to them. */
export function MessageList({ label, events, onPick, note }: Props) {
  const format = useFormatter();
  const preview = usePreview();
  return (
    <ul className={styles.list} aria-label={label}>
      {events.map((event) => {
        const sender = event.getSender() ?? "";
        const name = event.sender?.name ?? sender;
        return (
          <li key={event.getId()}>
            <Button className={styles.message} onPress={() => onPick(event)}>
              <Avatar id={sender} name={name} mxc={event.sender?.getMxcAvatarUrl()} />
              <span className={styles.words}>
                <span className={styles.head}>
                  <b>{name}</b>
                  <span>{format.dateTime(event.getTs(), { dateStyle: "medium" })}</span>
                </span>
                <span className={styles.text}>{preview(event)}</span>
                {note && <span className={styles.note}>{note(event)}</span>}
              </span>
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
