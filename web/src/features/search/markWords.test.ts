import { describe, expect, it } from "vitest";

import { markWords } from "./markWords.ts";

describe("marking what was found", () => {
  it.each([
    ["The tea is hot", "TEA hot", ["The ", "*tea", " is ", "*hot"]],
    ["a (b) c", "(b)", ["a ", "*(b)", " c"]],
    ["nothing", "  ", ["nothing"]],
    [`${"x".repeat(100)} tea`, "tea", [`…${"x".repeat(39)} `, "*tea"]],
  ])("%j in %j", (text, words, expected) => {
    expect(markWords(text, words).map((part) => (part.marked ? `*${part.text}` : part.text))).toEqual(expected);
  });
});
