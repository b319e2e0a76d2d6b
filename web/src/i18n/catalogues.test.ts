import { describe, expect, it } from "vitest";

import { en } from "./en/index.ts";
import { id } from "./id/index.ts";
import { ko } from "./ko/index.ts";

interface Tree {
  readonly [key: string]: string | Tree;
}

function texts(tree: Tree, path = ""): Map<string, string> {
  const entries = Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === "string" ? [[path + key, value]] : [...texts(value, `${path}${key}.`)],
  );
  return new Map(entries);
}

/** The names of a text's arguments and tags. */
function placeholders(text: string): string[] {
  const found = text.matchAll(/\{([a-z]\w*)[,}]|<(\w+)>/g);
  return [...new Set([...found].map(([, argument, tag]) => argument ?? tag ?? ""))].sort();
}

describe.each(Object.entries({ ko, id }))("the catalogue of %s", (_language, catalogue) => {
  const translated = texts(catalogue);
  it.each([...texts(en)])("has %s with the same placeholders", (key, text) => {
    expect(placeholders(translated.get(key) ?? "")).toEqual(placeholders(text));
  });
});
