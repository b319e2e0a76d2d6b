import type { MatrixClient } from "matrix-js-sdk";

import { tellRead } from "../../matrix/tellRead.ts";

declare module "matrix-js-sdk/lib/types" {
  interface RoomAccountDataEvents {
    "m.marked_unread": { unread: boolean };
  }
}

/** Client-Server API, 11.24: marking a room as unread. */
export async function setMarkedUnread(client: MatrixClient, roomId: string, unread: boolean): Promise<void> {
  await client.setRoomAccountData(roomId, "m.marked_unread", { unread });
}

/** Says that everything in a room has been read. */
export async function markRead(client: MatrixClient, roomId: string): Promise<void> {
  const room = client.getRoom(roomId);
  const last = room?.getLastLiveEvent();
  const id = last?.getId();
  if (last && id !== undefined) await tellRead(client, roomId, id, last);
  if (room?.getAccountData("m.marked_unread")?.getContent().unread === true) {
    await setMarkedUnread(client, roomId, false);
  }
}
