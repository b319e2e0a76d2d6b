import type { MatrixClient, MatrixEvent } from "matrix-js-sdk";
import { ReceiptType } from "matrix-js-sdk/lib/@types/read_receipts";

import { accountPreference } from "./accountPreferences.ts";

/**
 * Tells the server that all of a room is read up to an event: for everybody to see, or, if the user prefers that, for the user's
 * own devices only (Client-Server API, "Private read receipts").
 */
export async function tellRead(
  client: MatrixClient,
  roomId: string,
  eventId: string,
  event: MatrixEvent,
): Promise<void> {
  const shown = accountPreference(client, "readReceipts");
  await client.setRoomReadMarkers(roomId, eventId, shown ? event : undefined, shown ? undefined : event);
}

/** The same for a thread alone. */
export async function tellThreadRead(client: MatrixClient, event: MatrixEvent): Promise<void> {
  const shown = accountPreference(client, "readReceipts");
  await client.sendReadReceipt(event, shown ? ReceiptType.Read : ReceiptType.ReadPrivate);
}
