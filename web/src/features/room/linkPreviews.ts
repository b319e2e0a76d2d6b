import type { MatrixClient, Room } from "matrix-js-sdk";
import { RoomEvent } from "matrix-js-sdk";

import { useEmitted } from "../../matrix/useEmitted.ts";

// Kept in the room's account data, so that the choice holds on all of the user's devices.
const type = "org.bongsu.link_previews";

declare module "matrix-js-sdk/lib/types" {
  interface RoomAccountDataEvents {
    "org.bongsu.link_previews": { enabled: boolean };
  }
}

const events = [RoomEvent.AccountData] as const;

/** Whether links of a room are looked up: unless the room is encrypted, or the user has chosen otherwise. */
export function useLinkPreviews(room: Room): boolean {
  return useEmitted(room, events, () => {
    const chosen: unknown = room.getAccountData(type)?.getContent().enabled;
    return typeof chosen === "boolean" ? chosen : !room.hasEncryptionStateEvent();
  });
}

export async function setLinkPreviews(client: MatrixClient, roomId: string, enabled: boolean): Promise<void> {
  await client.setRoomAccountData(roomId, type, { enabled });
}
