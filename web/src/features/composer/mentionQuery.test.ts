import { describe, expect, it } from "vitest";

import { mentionAt, rankMembers } from "./mentionQuery.ts";

describe("writing a mention", () => {
  it.each([
    ["@an", 3, { start: 0, text: "an" }],
    ["ask @", 5, { start: 4, text: "" }],
    ["me@home", 7, undefined],
    ["@ana and", 8, undefined],
    ["@안", 2, { start: 0, text: "안" }],
  ])("%j with the caret at %d", (text, caret, expected) => {
    expect(mentionAt(text, caret)).toEqual(expected);
  });

  it("offers those first whose name begins so, and never the writer", () => {
    const members = [
      { userId: "@zoe:x", rawDisplayName: "Zoe Anders" },
      { userId: "@ana:x", rawDisplayName: "Ana" },
      { userId: "@an2:x", rawDisplayName: "Ben" },
      { userId: "@me:x", rawDisplayName: "Andy" },
      { userId: "@kim:x", rawDisplayName: "Kim" },
    ];
    expect(rankMembers(members, "an", "@me:x").map(({ userId }) => userId)).toEqual(["@ana:x", "@zoe:x", "@an2:x"]);
  });
});
