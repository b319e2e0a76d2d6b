import { describe, expect, it } from "vitest";

import { levelOf, roleOf, roles } from "./roles.ts";

describe("roles", () => {
  it.each([
    [100, "admin"],
    [Infinity, "admin"],
    [99, "moderator"],
    [50, "moderator"],
    [49, "member"],
    [0, "member"],
    [-1, "muted"],
  ])("the power level %d is the role %s", (level, role) => {
    expect(roleOf(level)).toBe(role);
  });

  it("have levels that give the role back", () => {
    expect(roles.map((role) => roleOf(levelOf(role)))).toEqual([...roles]);
  });
});
