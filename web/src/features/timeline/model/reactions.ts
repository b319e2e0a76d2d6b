// Reactions to a message, gathered by what they say.
import { EventType, type MatrixClient, type MatrixEvent, RelationType, type Room } from "matrix-js-sdk";

import { reactionsTo } from "./version.ts";

export interface ReactionGroup {
  key: string;
  senders: string[];
  /** The user's own reaction, to take it back. */
  own: MatrixEvent | undefined;
}

export function reactionGroups(event: MatrixEvent, room: Room, userId: string): ReactionGroup[] {
  const groups = new Map<string, ReactionGroup>();
  for (const reaction of reactionsTo(event, room)) {
    const key = reaction.getRelation()?.key;
    const sender = reaction.getSender();
    if (!key || sender === undefined || reaction.isRedacted()) continue;
    const group = groups.get(key) ?? { key, senders: [], own: undefined };
    groups.set(key, group);
    if (!group.senders.includes(sender)) group.senders.push(sender);
    if (sender === userId) group.own = reaction;
  }
  return [...groups.values()].sort((a, b) => b.senders.length - a.senders.length);
}

/** Sets the user's reaction, or takes it back when it is there. */
export async function toggleReaction(client: MatrixClient, room: Room, event: MatrixEvent, key: string): Promise<void> {
  const eventId = event.getId();
  if (eventId === undefined) return;
  const group = reactionGroups(event, room, client.getSafeUserId()).find((other) => other.key === key);
  const own = group?.own?.getId();
  if (own !== undefined) {
    await client.redactEvent(room.roomId, own);
    return;
  }
  await client.sendEvent(room.roomId, null, EventType.Reaction, {
    "m.relates_to": { rel_type: RelationType.Annotation, event_id: eventId, key },
  });
}
