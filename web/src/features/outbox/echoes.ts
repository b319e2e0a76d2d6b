// Tells the outbox what sync brings: the echo of a message takes the place of what was on its way, and a working connection is the
// time to send what waits.
import { ClientEvent, type MatrixClient, type MatrixEvent, RoomEvent, SyncState } from "matrix-js-sdk";

import type { Outbox } from "./outbox.ts";

/** Connects an outbox with a client; returns how to part them. */
export function followEchoes(client: MatrixClient, outbox: Outbox): () => void {
  const acknowledge = (event: MatrixEvent): void => {
    const txnId = event.getUnsigned().transaction_id ?? event.getTxnId();
    // An event with a status is the SDK's own echo, which the server has not seen.
    if (txnId !== undefined && event.status === null) void outbox.acknowledge(txnId);
  };
  const wake = (): void => outbox.wake();
  const onSync = (state: SyncState, before: SyncState | null): void => {
    const back = before !== SyncState.Syncing && before !== SyncState.Prepared;
    if (state === SyncState.Prepared || (state === SyncState.Syncing && back)) wake();
  };
  client.on(RoomEvent.Timeline, acknowledge);
  client.on(RoomEvent.LocalEchoUpdated, acknowledge);
  client.on(ClientEvent.Sync, onSync);
  window.addEventListener("online", wake);
  return () => {
    client.off(RoomEvent.Timeline, acknowledge);
    client.off(RoomEvent.LocalEchoUpdated, acknowledge);
    client.off(ClientEvent.Sync, onSync);
    window.removeEventListener("online", wake);
  };
}

/** Those of an earlier page's messages whose echo came while that page was closing. */
export function seenTransactions(client: MatrixClient): string[] {
  return client
    .getRooms()
    .flatMap((room) => room.getLiveTimeline().getEvents())
    .map((event) => event.getUnsigned().transaction_id)
    .filter((txnId) => txnId !== undefined);
}
