import { normalise } from "../search/segments.ts";

interface Named {
  userId: string;
  rawDisplayName: string;
}

const most = 8;

/** The mention that is being written before the caret. */
export function mentionAt(text: string, caret: number): { start: number; text: string } | undefined {
  const match = /(?:^|\s)@([^\s@]*)$/.exec(text.slice(0, caret));
  if (!match) return undefined;
  const written = match[1] ?? "";
  return { start: caret - written.length - 1, text: written };
}

/** The people whose name or id fits, those first whose name begins with what is written. */
export function rankMembers<M extends Named>(members: readonly M[], written: string, self: string): M[] {
  const wanted = normalise(written);
  const rank = ({ userId, rawDisplayName }: M): number => {
    const name = normalise(rawDisplayName);
    if (name.startsWith(wanted)) return 0;
    if (name.split(/\s/).some((word) => word.startsWith(wanted))) return 1;
    return normalise(userId.slice(1)).startsWith(wanted) ? 2 : 3;
  };
  return members
    .filter((member) => member.userId !== self && rank(member) < 3)
    .sort((a, b) => rank(a) - rank(b) || a.rawDisplayName.localeCompare(b.rawDisplayName))
    .slice(0, most);
}
