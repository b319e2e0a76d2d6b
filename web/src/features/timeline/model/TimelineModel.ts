// One view on a room's or a thread's timeline: a window that grows at either end, follows what is new while it is at the end, and can
// be moved to any event. It knows the SDK and no page.
import {
  Direction,
  EventTimeline,
  type EventTimelineSet,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  type Room,
  RoomEvent,
  ThreadEvent,
  TimelineWindow,
} from "matrix-js-sdk";

import { Observable } from "../../../app/observable.ts";
import { versionOf } from "./version.ts";
import { buildItems, type TimelineItem } from "./items.ts";

const pageSize = 40;
/** How many pages without anything to show are passed over in one go. */
const emptyPages = 5;

export interface TimelineState {
  items: readonly TimelineItem[];
  /** The first sight of the timeline is still on its way. */
  loading: boolean;
  failed: boolean;
  /** There is more before, and after, what is here. */
  older: boolean;
  newer: boolean;
  /** The item to show first, when the window was moved to an event. */
  focus?: { eventId: string } | undefined;
}

const changes = [
  RoomEvent.Redaction,
  RoomEvent.RedactionCancelled,
  RoomEvent.LocalEchoUpdated,
  ThreadEvent.New,
  ThreadEvent.Update,
  ThreadEvent.NewReply,
] as const;

const initial: TimelineState = { items: [], loading: true, failed: false, older: false, newer: false };

export class TimelineModel {
  readonly state = new Observable<TimelineState>(initial);

  private readonly client: MatrixClient;
  private readonly room: Room;
  private readonly timelineSet: EventTimelineSet;
  private readonly readUpTo: string | null;
  private window: TimelineWindow;
  private scheduled = false;
  private busy = false;

  constructor(client: MatrixClient, room: Room, timelineSet: EventTimelineSet = room.getUnfilteredTimelineSet()) {
    this.client = client;
    this.room = room;
    this.timelineSet = timelineSet;
    this.readUpTo = room.getEventReadUpTo(client.getSafeUserId());
    this.window = this.newWindow();
  }

  /** Follows the room until the returned function is called. */
  follow(): () => void {
    this.room.on(RoomEvent.Timeline, this.onTimeline);
    this.room.on(RoomEvent.TimelineReset, this.onReset);
    this.client.on(MatrixEventEvent.Decrypted, this.onChanged);
    this.client.on(MatrixEventEvent.Replaced, this.onChanged);
    for (const name of changes) this.room.on(name, this.rebuildSoon);
    return () => {
      this.room.off(RoomEvent.Timeline, this.onTimeline);
      this.room.off(RoomEvent.TimelineReset, this.onReset);
      this.client.off(MatrixEventEvent.Decrypted, this.onChanged);
      this.client.off(MatrixEventEvent.Replaced, this.onChanged);
      for (const name of changes) this.room.off(name, this.rebuildSoon);
    };
  }

  /** Shows the end of the timeline, or an event with what is around it. */
  async open(eventId?: string): Promise<void> {
    this.window = this.newWindow();
    this.state.update((state) => ({ ...state, loading: true, failed: false, focus: undefined }));
    try {
      await this.window.load(eventId, pageSize);
      this.publish({ loading: false, ...(eventId !== undefined && { focus: { eventId } }) });
      if (this.state.get().items.length < pageSize / 2) await this.extend(Direction.Backward);
    } catch {
      this.publish({ loading: false, failed: true });
    }
  }

  older(): Promise<void> {
    return this.extend(Direction.Backward);
  }

  newer(): Promise<void> {
    return this.extend(Direction.Forward);
  }

  private async extend(direction: Direction): Promise<void> {
    if (this.busy || !this.window.canPaginate(direction)) return;
    this.busy = true;
    try {
      const before = this.state.get().items.length;
      for (let page = 0; page < emptyPages && this.window.canPaginate(direction); page++) {
        await this.window.paginate(direction, pageSize);
        this.publish({ failed: false });
        if (this.state.get().items.length > before + 5) return;
      }
    } catch {
      this.publish({ failed: true });
    } finally {
      this.busy = false;
    }
  }

  private newWindow(): TimelineWindow {
    return new TimelineWindow(this.client, this.timelineSet, { windowLimit: 2000 });
  }

  private readonly onTimeline = (_event: MatrixEvent, _room?: Room, toStart?: boolean): void => {
    if (!toStart) this.rebuildSoon();
  };

  private readonly onReset = (_room: Room | undefined, timelineSet: EventTimelineSet): void => {
    if (timelineSet === this.timelineSet) void this.open();
  };

  private readonly onChanged = (event: MatrixEvent): void => {
    if (event.getRoomId() === this.room.roomId) this.rebuildSoon();
  };

  // Many events come at once: they are drawn once.
  private readonly rebuildSoon = (): void => {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      this.takeLive();
      this.publish({});
    }, 0);
  };

  /** Takes in what the live timeline has got, if that is where the window ends. */
  private takeLive(): void {
    const end = this.window.getTimelineIndex(EventTimeline.FORWARDS);
    if (end?.timeline === this.timelineSet.getLiveTimeline()) this.window.extend(Direction.Forward, pageSize * 10);
  }

  private publish(change: Partial<TimelineState>): void {
    this.state.update((state) => {
      const options = {
        readUpTo: this.readUpTo,
        userId: this.client.getSafeUserId(),
        versionOf: (event: MatrixEvent) => versionOf(event, this.room),
      };
      const items = buildItems(this.window.getEvents(), options, state.items);
      return {
        ...state,
        ...change,
        items,
        older: this.window.canPaginate(Direction.Backward),
        newer: this.window.canPaginate(Direction.Forward),
      };
    });
  }
}
