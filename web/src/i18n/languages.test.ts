import { expect, it } from "vitest";

import { bestLanguage, direction } from "./languages.ts";

it.each([
  [["ko-KR", "en"], "ko"],
  [["fr", "id-ID", "en"], "id"],
  [["fr", "de"], "en"],
  [[], "en"],
] as const)("of %j the best is %s", (wished, want) => {
  expect(bestLanguage(wished)).toBe(want);
});

it("knows which way a language runs", () => {
  expect(["ar", "he-IL", "ko", "en-GB"].map(direction)).toEqual(["rtl", "rtl", "ltr", "ltr"]);
});
