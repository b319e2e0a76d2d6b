import type { Room } from "matrix-js-sdk";

const most = 3;

/** Servers by which somebody else can reach a room: those of its strongest member, and of the most members (Appendices, routing). */
export function viaServers(room: Room): string[] {
  const members = room.getJoinedMembers();
  const strongest = members.reduce<(typeof members)[number] | undefined>(
    (best, member) => (member.powerLevel > (best?.powerLevel ?? 49) ? member : best),
    undefined,
  );
  const counts = new Map<string, number>();
  for (const { userId } of members) {
    const server = serverOf(userId);
    counts.set(server, (counts.get(server) ?? 0) + 1);
  }
  const common = [...counts].sort(([, a], [, b]) => b - a).map(([server]) => server);
  const first = strongest ? [serverOf(strongest.userId)] : [];
  return [...new Set([...first, ...common])].slice(0, most);
}

export function serverOf(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}
