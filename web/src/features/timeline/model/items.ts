// From events to what is drawn: which events have a place in a conversation, which belong together, and where a day begins.
//
// The items are rebuilt whenever the timeline changes, which is cheap; an item that says the same as before stays the same object, so
// that React draws only what is new.
import { EventType, MsgType, RelationType, type MatrixEvent } from "matrix-js-sdk";

export type TimelineItem =
  | { kind: "day"; key: string; ts: number }
  | { kind: "unread"; key: string }
  /** A message; `continued` when it follows one of the same sender so closely that its name need not be said again. */
  | MessageItem
  /** What happened to the room itself, in one foldable line. */
  | { kind: "notices"; key: string; events: readonly MatrixEvent[] };

export interface MessageItem {
  kind: "message";
  key: string;
  event: MatrixEvent;
  continued: boolean;
  /** Differs when the event says something else than before: it is an object that the SDK changes in place. */
  version: string;
}

const togetherMs = 5 * 60_000;

const spoken = new Set<string>([EventType.RoomMessage, EventType.RoomMessageEncrypted, EventType.Sticker]);

const stateInWords = new Set<string>([
  EventType.RoomCreate,
  EventType.RoomMember,
  EventType.RoomName,
  EventType.RoomTopic,
  EventType.RoomAvatar,
  EventType.RoomEncryption,
  EventType.RoomJoinRules,
  EventType.RoomHistoryVisibility,
  EventType.RoomGuestAccess,
  EventType.RoomPowerLevels,
  EventType.RoomPinnedEvents,
  EventType.RoomTombstone,
]);

export function isNotice(event: MatrixEvent): boolean {
  return event.isState() && stateInWords.has(event.getType());
}

/** Whether an event is something that a person has said. */
export function isMessage(event: MatrixEvent): boolean {
  if (event.isState()) return false;
  // An edit changes the message that it names; the SDK puts it there.
  if (event.isRelation(RelationType.Replace) || event.isRelation(RelationType.Annotation)) return false;
  return spoken.has(event.getType()) && event.getContent().msgtype !== MsgType.KeyVerificationRequest;
}

export interface BuildOptions {
  /** The last event that the user had read when the room was opened. */
  readUpTo?: string | null | undefined;
  userId: string;
  versionOf: (event: MatrixEvent) => string;
}

export function buildItems(
  events: readonly MatrixEvent[],
  options: BuildOptions,
  previous: readonly TimelineItem[] = [],
): TimelineItem[] {
  const builder = new Builder(options);
  for (const event of events) builder.add(event);
  return keepIdentity(builder.items, previous);
}

class Builder {
  readonly items: TimelineItem[] = [];
  private day = "";
  private unreadNext = false;

  private readonly options: BuildOptions;

  constructor(options: BuildOptions) {
    this.options = options;
  }

  add(event: MatrixEvent): void {
    if (isMessage(event)) {
      this.markDay(event);
      this.markUnread(event);
      const version = this.options.versionOf(event);
      this.items.push({ kind: "message", key: keyOf(event), event, continued: this.continues(event), version });
    } else if (isNotice(event) && !changesNothing(event)) {
      this.markDay(event);
      this.addNotice(event);
    }
    if (event.getId() === this.options.readUpTo) this.unreadNext = true;
  }

  private markDay(event: MatrixEvent): void {
    const day = new Date(event.getTs()).toDateString();
    if (day === this.day) return;
    this.day = day;
    this.items.push({ kind: "day", key: `day ${day} ${keyOf(event)}`, ts: event.getTs() });
  }

  private markUnread(event: MatrixEvent): void {
    if (!this.unreadNext || event.getSender() === this.options.userId) return;
    this.unreadNext = false;
    this.items.push({ kind: "unread", key: "unread" });
  }

  private continues(event: MatrixEvent): boolean {
    const last = this.items.at(-1);
    if (last?.kind !== "message") return false;
    return last.event.getSender() === event.getSender() && event.getTs() - last.event.getTs() < togetherMs;
  }

  private addNotice(event: MatrixEvent): void {
    const last = this.items.at(-1);
    if (last?.kind === "notices") {
      this.items[this.items.length - 1] = { ...last, events: [...last.events, event] };
    } else {
      this.items.push({ kind: "notices", key: keyOf(event), events: [event] });
    }
  }
}

// A message keeps its key when its echo comes, so that it is not drawn anew.
function keyOf(event: MatrixEvent): string {
  return event.getTxnId() ?? event.getUnsigned().transaction_id ?? event.getId() ?? "";
}

function changesNothing(event: MatrixEvent): boolean {
  if (event.getType() !== EventType.RoomMember.valueOf()) return false;
  const now = event.getContent();
  const before = event.getPrevContent();
  return (
    now.membership === before.membership &&
    now.displayname === before.displayname &&
    now.avatar_url === before.avatar_url
  );
}

function keepIdentity(items: TimelineItem[], previous: readonly TimelineItem[]): TimelineItem[] {
  const known = new Map(previous.map((item) => [item.key, item]));
  return items.map((item) => {
    const before = known.get(item.key);
    return before && same(before, item) ? before : item;
  });
}

function same(a: TimelineItem, b: TimelineItem): boolean {
  switch (a.kind) {
    case "day":
    case "unread":
      return a.kind === b.kind;
    case "message":
      return b.kind === "message" && a.event === b.event && a.continued === b.continued && a.version === b.version;
    case "notices":
      return (
        b.kind === "notices" &&
        a.events.length === b.events.length &&
        a.events.every((event, index) => event === b.events[index])
      );
  }
}
