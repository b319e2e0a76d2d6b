import { type MatrixEvent, type Room, RoomEvent } from "matrix-js-sdk";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { useConversation } from "../model/conversation.tsx";
import { isMessage } from "../model/items.ts";
import { usePreview } from "../model/usePreview.ts";
import styles from "./ConversationView.module.css";

/** Reads out new messages of others to those who use a screen reader. */
export function Announcer() {
  const t = useTranslations("timeline");
  const client = useClient();
  const { room } = useConversation();
  const preview = usePreview();
  const [text, setText] = useState("");
  useEffect(() => {
    const onTimeline = (event: MatrixEvent, _room: Room | undefined, toStart: boolean | undefined): void => {
      if (toStart || !isMessage(event) || event.getSender() === client.getUserId()) return;
      setText(t("announcement", { name: event.sender?.name ?? "", text: preview(event) }));
    };
    room.on(RoomEvent.Timeline, onTimeline);
    return () => {
      room.off(RoomEvent.Timeline, onTimeline);
    };
  }, [client, room, preview, t]);
  return (
    <div className={styles.hidden} aria-live="polite">
      {text}
    </div>
  );
}
