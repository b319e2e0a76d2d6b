// The chats of the user, kept up to date room by room: an event costs the work of its room, not of the whole list.
import {
  ClientEvent,
  EventType,
  type MatrixClient,
  MatrixEventEvent,
  type Room,
  RoomEvent,
  RoomStateEvent,
} from "matrix-js-sdk";

import { Observable } from "../../app/observable.ts";
import { type ChatSummary, directChats, sameSummary, summarise } from "./summary.ts";

/** Changes that come closer together than this are shown together. */
const togetherMs = 60;

export class ChatsModel {
  /** All chats and spaces that the user is in or invited to, the latest first. */
  readonly all = new Observable<readonly ChatSummary[]>([]);

  private readonly client: MatrixClient;
  private readonly summaries = new Map<string, ChatSummary>();
  private readonly stale = new Set<string>();
  private directs = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: MatrixClient) {
    this.client = client;
  }

  /** Follows the client until the returned function is called. */
  follow(): () => void {
    const { client } = this;
    const ofRoom = (room?: Room): void => this.markStale(room?.roomId);
    const off = [
      on(client, ClientEvent.Room, ofRoom),
      on(client, ClientEvent.DeleteRoom, (roomId) => this.markStale(roomId)),
      on(client, RoomEvent.Name, ofRoom),
      on(client, RoomEvent.MyMembership, ofRoom),
      on(client, RoomEvent.Tags, (_event, room) => ofRoom(room)),
      on(client, RoomEvent.AccountData, (_event, room) => ofRoom(room)),
      on(client, RoomEvent.Receipt, (_event, room) => ofRoom(room)),
      on(client, RoomEvent.Redaction, (_event, room) => ofRoom(room)),
      on(client, RoomEvent.Timeline, (_event, room) => ofRoom(room)),
      on(client, RoomEvent.TimelineReset, ofRoom),
      on(client, RoomStateEvent.Events, (event) => this.markStale(event.getRoomId())),
      on(client, MatrixEventEvent.Decrypted, (event) => this.markStale(event.getRoomId())),
      on(client, ClientEvent.AccountData, (event) => {
        if (event.getType() === EventType.Direct.valueOf() || event.getType() === EventType.PushRules.valueOf()) {
          this.markAllStale();
        }
      }),
      on(client, ClientEvent.Sync, () => {
        if (this.summaries.size === 0) this.markAllStale();
      }),
    ];
    this.markAllStale();
    return () => {
      clearTimeout(this.timer);
      for (const part of off) part();
    };
  }

  private markStale(roomId: string | undefined): void {
    if (roomId === undefined) return;
    this.stale.add(roomId);
    this.timer ??= setTimeout(() => this.refresh(), togetherMs);
  }

  private markAllStale(): void {
    this.directs = directChats(this.client);
    for (const room of this.client.getRooms()) this.markStale(room.roomId);
  }

  private refresh(): void {
    this.timer = undefined;
    let changed = false;
    for (const roomId of this.stale) changed = this.refreshRoom(roomId) || changed;
    this.stale.clear();
    if (changed) this.all.set([...this.summaries.values()].sort((a, b) => b.ts - a.ts));
  }

  /** Returns whether anything about the room has changed. */
  private refreshRoom(roomId: string): boolean {
    const room = this.client.getRoom(roomId);
    const membership = room?.getMyMembership();
    if (!room || (membership !== "join" && membership !== "invite")) return this.summaries.delete(roomId);
    const summary = summarise(this.client, room, this.directs.get(roomId));
    const before = this.summaries.get(roomId);
    if (before && sameSummary(before, summary)) return false;
    this.summaries.set(roomId, summary);
    return true;
  }
}

type Handlers = Parameters<MatrixClient["on"]>;

function on<E extends Handlers[0]>(
  client: MatrixClient,
  event: E,
  listener: Parameters<typeof client.on<E>>[1],
): () => void {
  client.on(event, listener);
  return () => client.off(event, listener);
}
