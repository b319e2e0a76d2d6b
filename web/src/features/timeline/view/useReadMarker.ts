import { useEffect } from "react";

import { useObservable } from "../../../app/useObservable.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { tellRead, tellThreadRead } from "../../../matrix/tellRead.ts";
import { useConversation } from "../model/conversation.tsx";
import { usePageInSight } from "./usePageInSight.ts";

/** Tells the server how far the user has read, when the end is in sight of a person who looks at the page. */
export function useReadMarker(atEnd: boolean): void {
  const client = useClient();
  const { room, threadId, timeline } = useConversation();
  const { items } = useObservable(timeline.state);
  const inSight = usePageInSight();

  useEffect(() => {
    if (!atEnd || !inSight || items.length === 0) return;
    const last = threadId === undefined ? room.getLastLiveEvent() : room.getThread(threadId)?.replyToEvent;
    const id = last?.getId();
    if (!last || id === undefined || last.status !== null) return;
    if (room.hasUserReadEvent(client.getSafeUserId(), id)) return;
    const marking = threadId === undefined ? tellRead(client, room.roomId, id, last) : tellThreadRead(client, last);
    // The next message in sight tells it again.
    marking.catch(() => undefined);
  }, [client, room, threadId, items, atEnd, inSight]);
}
