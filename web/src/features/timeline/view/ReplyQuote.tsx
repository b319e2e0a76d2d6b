import type { MatrixEvent } from "matrix-js-sdk";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslations } from "use-intl";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { colourOf } from "../../media/Avatar.tsx";
import { useConversation } from "../model/conversation.tsx";
import { usePreview } from "../model/usePreview.ts";
import styles from "./ReplyQuote.module.css";

/** The message to which another one replies; pressing it leads there. */
export function ReplyQuote({ eventId }: { eventId: string }) {
  const t = useTranslations("timeline");
  const { timeline } = useConversation();
  const event = useEventOfRoom(eventId);
  const preview = usePreview();
  const sender = event?.getSender() ?? "";
  return (
    <Button
      className={styles.quote}
      data-colour={colourOf(sender)}
      aria-label={t("goToReplied")}
      onPress={() => void timeline.open(eventId)}
    >
      {event ? (
        <>
          <span className={styles.sender}>{event.sender?.name ?? sender}</span>
          <span className={styles.text}>{preview(event)}</span>
        </>
      ) : (
        <span className={styles.text}>{t("repliedUnknown")}</span>
      )}
    </Button>
  );
}

/** An event of the room, fetched when it is not here. */
function useEventOfRoom(eventId: string): MatrixEvent | undefined {
  const client = useClient();
  const { room } = useConversation();
  const here = room.findEventById(eventId);
  const [fetched, setFetched] = useState<MatrixEvent>();
  useEffect(() => {
    if (here) return;
    let wanted = true;
    const fetch = async (): Promise<void> => {
      const event = client.getEventMapper()(await client.fetchRoomEvent(room.roomId, eventId));
      event.sender = room.getMember(event.getSender() ?? "");
      await client.decryptEventIfNeeded(event);
      if (wanted) setFetched(event);
    };
    fetch().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client, room, eventId, here]);
  return here ?? fetched;
}
