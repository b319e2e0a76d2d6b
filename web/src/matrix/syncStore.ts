import { IndexedDBStore } from "matrix-js-sdk";

/**
 * The SDK's store of what was synced. What is on its way to the server is not in it: the outbox alone keeps that, so that it cannot be
 * sent from two places.
 */
export class SyncStore extends IndexedDBStore {
  override getPendingEvents(): Promise<[]> {
    return Promise.resolve([]);
  }

  override setPendingEvents(): Promise<void> {
    return Promise.resolve();
  }
}
