import type { Room } from "matrix-js-sdk";

import { ChangedKeys } from "../security/ChangedKeys.tsx";
import { ConversationView } from "../timeline/view/ConversationView.tsx";
import { RoomHeader } from "./RoomHeader.tsx";
import { PinnedBar } from "./PinnedBar.tsx";
import { useRoomNavigation } from "./useRoomNavigation.ts";

/** A room that the user is in. */
export function RoomView({ room }: { room: Room }) {
  const { place } = useRoomNavigation();
  return (
    <>
      <RoomHeader room={room} />
      <ChangedKeys room={room} />
      <ConversationView key={room.roomId} room={room} focus={place.pane === "thread" ? undefined : place.event}>
        <PinnedBar room={room} />
      </ConversationView>
    </>
  );
}
