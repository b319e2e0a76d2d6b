import { Fragment } from "react";

import { markWords } from "./markWords.ts";

/** A text with the words that were searched for marked in it, from a little before the first of them. */
export function Highlighted({ text, words }: { text: string; words: string }) {
  return markWords(text, words).map(({ text: part, marked }, index) =>
    marked ? <mark key={index}>{part}</mark> : <Fragment key={index}>{part}</Fragment>,
  );
}
