import { MatrixEvent, type IEvent } from "matrix-js-sdk";
import { describe, expect, it } from "vitest";

import { buildItems, type TimelineItem } from "./items.ts";

const noon = new Date(2026, 2, 1, 12).getTime();
const minute = 60_000;

function event(id: string, fields: Partial<IEvent> = {}): MatrixEvent {
  return new MatrixEvent({
    event_id: id,
    type: "m.room.message",
    sender: "@ana:x",
    room_id: "!r",
    origin_server_ts: noon,
    content: { msgtype: "m.text", body: id },
    ...fields,
  });
}

function member(id: string, content: object, before: object = {}): MatrixEvent {
  return event(id, {
    type: "m.room.member",
    state_key: "@ana:x",
    content: { ...content },
    unsigned: { prev_content: { ...before } },
  });
}

function build(events: MatrixEvent[], readUpTo?: string): TimelineItem[] {
  return buildItems(events, { userId: "@me:x", readUpTo, versionOf });
}

const versionOf = (event: MatrixEvent): string => JSON.stringify(event.getContent());

const kinds = (items: TimelineItem[]): string[] => items.map(({ kind }) => kind);

describe("the items of a timeline", () => {
  it("begin each day with a mark", () => {
    const items = build([event("$1"), event("$2"), event("$3", { origin_server_ts: noon + 24 * 60 * minute })]);
    expect(kinds(items)).toEqual(["day", "message", "message", "day", "message"]);
  });

  it.each([
    ["the same sender soon after", { origin_server_ts: noon + minute }, true],
    ["the same sender much later", { origin_server_ts: noon + 6 * minute }, false],
    ["another sender", { sender: "@ben:x" }, false],
  ])("say the name again or not: %s", (_, fields, continued) => {
    expect(build([event("$1"), event("$2", fields)]).at(-1)).toMatchObject({ kind: "message", continued });
  });

  it("draw a line above what is unread, but not above one's own words", () => {
    const events = [event("$1"), event("$2", { sender: "@me:x" }), event("$3")];
    expect(kinds(build(events, "$1"))).toEqual(["day", "message", "message", "unread", "message"]);
  });

  it("leave out reactions, edits and what is not for people", () => {
    const relation = (rel_type: string) => ({ "m.relates_to": { rel_type, event_id: "$1" } });
    const events = [
      event("$1"),
      event("$2", { type: "m.reaction", content: relation("m.annotation") }),
      event("$3", { content: { msgtype: "m.text", body: "*", ...relation("m.replace") } }),
      event("$4", { type: "m.room.redaction" }),
      event("$5", { type: "org.example.unknown", state_key: "" }),
    ];
    expect(kinds(build(events))).toEqual(["day", "message"]);
  });

  it("fold what happened to the room into one line, without changes of nothing", () => {
    const ana = { membership: "join", displayname: "Ana" };
    const items = build([
      member("$1", ana),
      member("$2", { ...ana, displayname: "Anna" }, ana),
      member("$3", ana, ana),
      event("$4"),
    ]);
    expect(kinds(items)).toEqual(["day", "notices", "message"]);
    expect(items[1]).toMatchObject({ events: [{}, {}] });
  });

  it("become another object where an event changed in place", () => {
    const edited = event("$1");
    const before = build([edited, event("$2")]);
    edited.event.content = { msgtype: "m.text", body: "changed" };
    const after = buildItems([edited, event("$2")], { userId: "@me:x", versionOf }, before);
    expect(after.map((item, index) => item === before[index])).toEqual([true, false, false]);
  });

  it("stay the same objects where nothing changed", () => {
    const events = [event("$1"), member("$2", { membership: "join" })];
    const before = build(events);
    const after = buildItems([...events, event("$3")], { userId: "@me:x", versionOf }, before);
    expect(after.slice(0, 3).every((item, index) => item === before[index])).toBe(true);
  });
});
