import { describe, expect, it } from "vitest";

import { parsePermalink, permalinkPath, roomLink, userLink } from "./permalinks.ts";

describe("permalinks", () => {
  it.each([
    [userLink("@ana:x.org"), { kind: "user", userId: "@ana:x.org" }],
    ["@ana:x.org", { kind: "user", userId: "@ana:x.org" }],
    ["matrix:u/ana:x.org?action=chat", { kind: "user", userId: "@ana:x.org" }],
    ["#tea:x.org", { kind: "room", room: "#tea:x.org", via: [] }],
    ["matrix:r/tea:x.org", { kind: "room", room: "#tea:x.org", via: [] }],
    [
      "matrix:roomid/id:x.org/e/event?via=a.org",
      { kind: "room", room: "!id:x.org", eventId: "$event", via: ["a.org"] },
    ],
    [
      roomLink("!id", ["a.org", "b.org"], "$e/1"),
      { kind: "room", room: "!id", eventId: "$e/1", via: ["a.org", "b.org"] },
    ],
    ["https://matrix.to/#/!id:x.org/$event", { kind: "room", room: "!id:x.org", eventId: "$event", via: [] }],
    ["https://example.org", undefined],
    ["hello", undefined],
    ["@nobody", undefined],
  ])("reads %s", (text, expected) => {
    expect(parsePermalink(text)).toEqual(expected);
  });

  it("lead to a place in the app", () => {
    expect(permalinkPath({ kind: "room", room: "#a:x", via: ["y"], eventId: "$1" })).toBe(
      "/r/%23a%3Ax?via=y&event=%241",
    );
    expect(permalinkPath({ kind: "user", userId: "@a:x" })).toBe("/u/%40a%3Ax");
  });
});
