import { expect, it } from "vitest";

import { parsePreferences } from "./preferences.ts";

const defaults = { theme: "system", language: "system" };

it.each([
  ["nothing", null, defaults],
  ["no JSON", "{", defaults],
  ["no object", "7", defaults],
  ["values of another version", '{"theme":"sepia","language":"tlh"}', defaults],
  ["what was chosen", '{"theme":"dark","language":"ko"}', { theme: "dark", language: "ko" }],
])("reads %s", (_name, stored, want) => {
  expect(parsePreferences(stored)).toEqual(want);
});
