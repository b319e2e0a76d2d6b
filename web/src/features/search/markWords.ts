export interface Part {
  text: string;
  marked: boolean;
}

const lead = 40;

/** Cuts a text where the words that were searched for begin and end. */
export function markWords(text: string, words: string): Part[] {
  const wanted = words.trim().split(/\s+/).filter(Boolean).map(escapeRegExp);
  if (wanted.length === 0) return [{ text, marked: false }];
  const parts = text.split(new RegExp(`(${wanted.join("|")})`, "i"));
  const first = parts[0] ?? "";
  const begun = first.length > 2 * lead && parts.length > 1 ? `…${first.slice(-lead)}` : first;
  return [begun, ...parts.slice(1)]
    .map((part, index) => ({ text: part, marked: index % 2 === 1 }))
    .filter((part) => part.text !== "");
}

function escapeRegExp(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
