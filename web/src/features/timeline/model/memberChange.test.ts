import { MatrixEvent } from "matrix-js-sdk";
import { expect, it } from "vitest";

import { memberChange } from "./memberChange.ts";

const me = "@me:x";
const other = "@other:x";

it.each([
  [undefined, "join", me, "joined"],
  ["invite", "join", me, "joined"],
  [undefined, "invite", other, "invited"],
  ["join", "leave", me, "left"],
  ["join", "leave", other, "removed"],
  ["invite", "leave", me, "declined"],
  ["invite", "leave", other, "inviteWithdrawn"],
  ["join", "ban", other, "banned"],
  ["ban", "leave", other, "unbanned"],
  [undefined, "knock", me, "knocked"],
  ["join", "join", me, "newPicture"],
])("from %s to %s by %s: %s", (before, now, sender, change) => {
  const event = new MatrixEvent({
    type: "m.room.member",
    sender,
    state_key: me,
    content: { membership: now },
    unsigned: { prev_content: before === undefined ? {} : { membership: before } },
  });
  expect(memberChange(event)).toBe(change);
});
