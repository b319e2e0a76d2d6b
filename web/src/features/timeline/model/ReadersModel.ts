// Who has read how far: for each message the people for whom it is the last one they have read.
import { type MatrixClient, type Room, RoomEvent, RoomStateEvent } from "matrix-js-sdk";

import { Observable } from "../../../app/observable.ts";
import type { TimelineItem } from "./items.ts";

export interface Readers {
  /** By the id of the message. */
  at: ReadonlyMap<string, readonly string[]>;
  /** The messages that somebody else has read at least that far. */
  read: ReadonlySet<string>;
}

const togetherMs = 100;

export class ReadersModel {
  readonly state = new Observable<Readers>({ at: new Map(), read: new Set() });

  private readonly client: MatrixClient;
  private readonly room: Room;
  private readonly items: Observable<{ items: readonly TimelineItem[] }>;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: MatrixClient, room: Room, items: Observable<{ items: readonly TimelineItem[] }>) {
    this.client = client;
    this.room = room;
    this.items = items;
  }

  /** Follows the receipts until the returned function is called. */
  follow(): () => void {
    this.room.on(RoomEvent.Receipt, this.refreshSoon);
    this.room.on(RoomStateEvent.Members, this.refreshSoon);
    const stop = this.items.subscribe(this.refreshSoon);
    this.refreshSoon();
    return () => {
      clearTimeout(this.timer);
      stop();
      this.room.off(RoomEvent.Receipt, this.refreshSoon);
      this.room.off(RoomStateEvent.Members, this.refreshSoon);
    };
  }

  private readonly refreshSoon = (): void => {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.state.update((before) => this.compute(before));
    }, togetherMs);
  };

  private compute(before: Readers): Readers {
    const { items } = this.items.get();
    const ids = items.flatMap((item) => (item.kind === "message" ? [item.event.getId() ?? ""] : []));
    const index = new Map(ids.map((id, at) => [id, at]));
    const at = new Map<string, string[]>();
    let furthest = -1;
    for (const { userId } of this.room.getJoinedMembers()) {
      if (userId === this.client.getUserId()) continue;
      const place = this.lastReadOf(userId, items, index);
      if (place === undefined) continue;
      furthest = Math.max(furthest, place);
      const id = ids[place] ?? "";
      at.set(id, [...(at.get(id) ?? []), userId]);
    }
    return { at: keepArrays(at, before.at), read: new Set(ids.slice(0, furthest + 1)) };
  }

  /** The place, among the messages, of the last one that a person has read. */
  private lastReadOf(
    userId: string,
    items: readonly TimelineItem[],
    index: ReadonlyMap<string, number>,
  ): number | undefined {
    const receipt = this.room.getReadReceiptForUserId(userId);
    if (!receipt) return undefined;
    const exact = index.get(receipt.eventId);
    if (exact !== undefined) return exact;
    // The receipt stands at something that is not drawn: the last message before it counts.
    const event = this.room.findEventById(receipt.eventId);
    if (!event) return undefined;
    const before = items.findLast((item) => item.kind === "message" && item.event.getTs() <= event.getTs());
    return before?.kind === "message" ? index.get(before.event.getId() ?? "") : undefined;
  }
}

function keepArrays(
  now: ReadonlyMap<string, readonly string[]>,
  before: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...now].map(([id, users]) => {
      const known = before.get(id);
      return [id, known?.join() === users.join() ? known : users];
    }),
  );
}
