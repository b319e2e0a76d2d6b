import { expect, it } from "vitest";

import { policiesOf } from "./policies.ts";

const terms = {
  version: "1",
  en: { name: "Terms", url: "https://a.test/en" },
  ko: { name: "약관", url: "https://a.test/ko" },
};

it.each([
  ["the reader's language", { terms }, "ko", [terms.ko]],
  ["English where there is no other", { terms }, "id", [terms.en]],
  ["any language rather than none", { terms: { version: "1", fr: terms.en } }, "id", [terms.en]],
  ["nothing that is no document", { terms: { version: "1" }, odd: 3 }, "en", []],
  ["no link that is none", { terms: { en: { name: "x", url: "javascript:alert(1)" } } }, "en", []],
])("takes %s", (_name, policies, language, want) => {
  expect(policiesOf({ policies }, language)).toEqual(want);
});
