// The outbox: messages that have been written and that the server has not yet acknowledged.
//
// A message is kept on the device before the first attempt to send it, together with its transaction id, and forgotten only when the
// server has acknowledged it. It therefore survives the loss of the network and of the page, and, sent again with the same transaction
// id, becomes one event exactly. In a room messages go one at a time, in the order in which they were written; rooms do not wait for
// each other. The outbox never gives up by itself on a message that the server did not refuse.
import type { Collection } from "../../vault/vault.ts";
import {
  type OutboxEntry,
  type Outgoing,
  type OutgoingFile,
  type Phase,
  type UploadedFile,
  type UploadedPart,
  uploadedParts,
} from "./entry.ts";

/** How the outbox reaches the server. */
export interface Transport {
  upload(
    entry: OutboxEntry,
    file: OutgoingFile,
    blob: Blob,
    onProgress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<UploadedFile>;
  /** Sends, or sends again; resolves with the event's id when the server has acknowledged it. */
  send(entry: OutboxEntry): Promise<string>;
  /** Forgets what it remembers of an entry that will not be sent. */
  discard(entry: OutboxEntry): void;
  /** Whether an error says that the server refused, so that another attempt would end alike. */
  isRefusal(error: unknown): boolean;
  /** After how many milliseconds to try again after so many attempts that failed. */
  pause(error: unknown, attempts: number): number;
}

export type OutgoingBlobs = Partial<Record<UploadedPart, Blob>>;

export interface OutboxStores {
  entries: Collection<OutboxEntry>;
  files: Collection<never>;
}

interface Item {
  entry: OutboxEntry;
  phase: Phase;
  abort: AbortController;
}

interface Queue {
  items: Item[];
  snapshot: readonly Outgoing[];
  running: boolean;
  attempts: number;
  timer?: ReturnType<typeof setTimeout>;
}

const nothing: readonly Outgoing[] = [];

export class Outbox {
  private readonly queues = new Map<string, Queue>();
  private readonly listeners = new Set<() => void>();
  private stopped = false;

  private readonly stores: OutboxStores;
  private readonly transport: Transport;

  constructor(stores: OutboxStores, transport: Transport) {
    this.stores = stores;
    this.transport = transport;
  }

  /** Takes up what an earlier page left behind. */
  async restore(): Promise<void> {
    const entries = await this.stores.entries.all();
    entries.sort((a, b) => a.createdAt - b.createdAt);
    for (const entry of entries) this.enqueue(entry);
    this.wake();
  }

  /** Keeps a message, and sends it as soon as may be. Resolves when it is kept. */
  async add(entry: OutboxEntry, files: OutgoingBlobs = {}): Promise<void> {
    for (const part of uploadedParts) {
      const blob = files[part];
      if (blob) await this.stores.files.putBytes(blobId(entry.txnId, part), await blob.arrayBuffer());
    }
    await this.stores.entries.put(entry.txnId, entry);
    void this.run(this.enqueue(entry));
  }

  /** Sends a refused message once more. */
  retry(txnId: string): void {
    const found = this.find(txnId);
    if (found?.item.phase.name !== "failed") return;
    this.move(found.queue, found.item, { name: "waiting" });
    void this.run(found.queue);
  }

  /** Takes a message back that the server has not got. */
  async cancel(txnId: string): Promise<void> {
    const found = this.find(txnId);
    if (!found || found.item.phase.name === "sending" || found.item.phase.name === "sent") return;
    const { queue, item } = found;
    item.abort.abort();
    this.remove(queue, item);
    this.transport.discard(item.entry);
    await this.forget(item.entry);
    void this.run(queue);
  }

  /** Sync has brought the event of a transaction: its echo takes the entry's place. */
  async acknowledge(txnId: string): Promise<void> {
    const found = this.find(txnId);
    if (!found) return;
    this.remove(found.queue, found.item);
    await this.forget(found.item.entry);
  }

  /** The network is back, or may be. */
  wake(): void {
    for (const queue of this.queues.values()) {
      clearTimeout(queue.timer);
      void this.run(queue);
    }
  }

  /** Sends nothing more; what is kept stays kept. */
  stop(): void {
    this.stopped = true;
    for (const queue of this.queues.values()) {
      clearTimeout(queue.timer);
      for (const item of queue.items) item.abort.abort();
    }
  }

  /** What is on its way in a room; the same array until it changes. */
  outgoing(roomId: string): readonly Outgoing[] {
    return this.queues.get(roomId)?.snapshot ?? nothing;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private enqueue(entry: OutboxEntry): Queue {
    const queue = this.queues.get(entry.roomId) ?? { items: [], snapshot: nothing, running: false, attempts: 0 };
    this.queues.set(entry.roomId, queue);
    queue.items.push({ entry, phase: { name: "waiting" }, abort: new AbortController() });
    this.publish(queue);
    return queue;
  }

  private async run(queue: Queue): Promise<void> {
    if (queue.running) return;
    queue.running = true;
    try {
      while (!this.stopped) {
        const item = next(queue);
        if (!item || !(await this.attempt(queue, item))) return;
      }
    } finally {
      queue.running = false;
    }
  }

  /** Returns whether to go on with the next one at once. */
  private async attempt(queue: Queue, item: Item): Promise<boolean> {
    try {
      await this.deliver(queue, item);
      queue.attempts = 0;
      return true;
    } catch (error) {
      // Taken back, or its echo has come meanwhile.
      if (!queue.items.includes(item)) return true;
      if (this.transport.isRefusal(error) || error instanceof LostFile) {
        this.move(queue, item, { name: "failed", reason: error instanceof Error ? error.message : String(error) });
        return true;
      }
      this.move(queue, item, { name: "waiting" });
      queue.attempts++;
      queue.timer = setTimeout(() => void this.run(queue), this.transport.pause(error, queue.attempts));
      return false;
    }
  }

  private async deliver(queue: Queue, item: Item): Promise<void> {
    for (const part of uploadedParts) {
      const file = item.entry[part];
      if (file && !file.uploaded) await this.upload(queue, item, part, file);
    }
    this.move(queue, item, { name: "sending" });
    const eventId = await this.transport.send(item.entry);
    if (queue.items.includes(item)) this.move(queue, item, { name: "sent", eventId });
    await this.forget(item.entry);
  }

  private async upload(queue: Queue, item: Item, part: UploadedPart, file: OutgoingFile): Promise<void> {
    const { entry, abort } = item;
    this.move(queue, item, { name: "uploading", progress: 0 });
    const bytes = await this.stores.files.getBytes(blobId(entry.txnId, part));
    if (!bytes) throw new LostFile("the browser has cleaned up the file");
    const onProgress = (progress: number): void => {
      this.move(queue, item, { name: "uploading", progress });
    };
    const blob = new Blob([bytes], { type: file.mimetype });
    const uploaded = await this.transport.upload(entry, file, blob, onProgress, abort.signal);
    item.entry = { ...entry, [part]: { ...file, uploaded } };
    await this.stores.entries.put(entry.txnId, item.entry);
  }

  private find(txnId: string): { queue: Queue; item: Item } | undefined {
    for (const queue of this.queues.values()) {
      const item = queue.items.find(({ entry }) => entry.txnId === txnId);
      if (item) return { queue, item };
    }
    return undefined;
  }

  private move(queue: Queue, item: Item, phase: Phase): void {
    item.phase = phase;
    this.publish(queue);
  }

  private remove(queue: Queue, item: Item): void {
    queue.items = queue.items.filter((other) => other !== item);
    this.publish(queue);
  }

  private publish(queue: Queue): void {
    queue.snapshot = queue.items.map(({ entry, phase }) => ({ entry, phase }));
    for (const listener of this.listeners) listener();
  }

  private async forget({ txnId }: OutboxEntry): Promise<void> {
    await this.stores.entries.delete(txnId);
    for (const part of uploadedParts) await this.stores.files.delete(blobId(txnId, part));
  }
}

class LostFile extends Error {}

function blobId(txnId: string, part: UploadedPart): string {
  return `${txnId} ${part}`;
}

function next(queue: Queue): Item | undefined {
  return queue.items.find(({ phase }) => phase.name === "waiting");
}
