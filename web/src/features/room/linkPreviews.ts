import type { MatrixClient, Room } from "matrix-js-sdk";
import { RoomEvent } from "matrix-js-sdk";

import { useAccountPreference } from "../../matrix/accountPreferences.ts";
import { useEmitted } from "../../matrix/useEmitted.ts";

// Kept in the room's account data, so that the choice holds on all of the user's devices.
const type = "org.bongsu.link_previews";

declare module "matrix-js-sdk/lib/types" {
  interface RoomAccountDataEvents {
    "org.bongsu.link_previews": { enabled: boolean };
  }
}

const events = [RoomEvent.AccountData] as const;

/**
 * Whether links of a room are looked up: as the user has chosen for the room; else where the room is not encrypted, and the user
 * has not turned it off altogether.
 */
export function useLinkPreviews(room: Room): boolean {
  const wanted = useAccountPreference("linkPreviews");
  return useEmitted(room, events, () => {
    const chosen: unknown = room.getAccountData(type)?.getContent().enabled;
    return typeof chosen === "boolean" ? chosen : wanted && !room.hasEncryptionStateEvent();
  });
}

export async function setLinkPreviews(client: MatrixClient, roomId: string, enabled: boolean): Promise<void> {
  await client.setRoomAccountData(roomId, type, { enabled });
}
