import { expect, it } from "vitest";

import { isOnlyEmoji } from "./onlyEmoji.ts";

it.each([
  ["👍", true],
  ["👩‍👩‍👧 🇰🇷", true],
  ["❤️", true],
  ["👍 yes", false],
  ["12", false],
  ["", false],
  ["👍".repeat(7), false],
])("%s is drawn large: %s", (text, large) => {
  expect(isOnlyEmoji(text)).toBe(large);
});
