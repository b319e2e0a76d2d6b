import { useCallback, useMemo, useSyncExternalStore } from "react";

import { useMessenger } from "../../messenger/MessengerProvider.tsx";
import type { Outgoing } from "../../outbox/entry.ts";
import { useConversation } from "../model/conversation.tsx";

/** What is on its way to the open conversation. */
export function useOutgoing(): readonly Outgoing[] {
  const { outbox } = useMessenger();
  const { room, threadId } = useConversation();
  const read = useCallback(() => outbox.outgoing(room.roomId), [outbox, room]);
  const ofRoom = useSyncExternalStore(outbox.subscribe, read);
  return useMemo(() => ofRoom.filter(({ entry }) => entry.threadId === threadId), [ofRoom, threadId]);
}
