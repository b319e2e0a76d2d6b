import { useCallback, useRef } from "react";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { useConversation } from "../timeline/model/conversation.tsx";

const holdsMs = 20_000;
const againMs = 10_000;

/** Tells the others that the user is writing, not more often than needed. */
export function useTypingNotice(): (typing: boolean) => void {
  const client = useClient();
  const { room } = useConversation();
  const toldAt = useRef(0);
  return useCallback(
    (typing) => {
      const now = Date.now();
      if (typing ? now - toldAt.current < againMs : toldAt.current === 0) return;
      toldAt.current = typing ? now : 0;
      // Nothing is lost when nobody hears of it.
      client.sendTyping(room.roomId, typing, holdsMs).catch(() => undefined);
    },
    [client, room],
  );
}
