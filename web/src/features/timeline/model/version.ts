import { EventType, type MatrixEvent, RelationType, type Room } from "matrix-js-sdk";

/** Everything by which a drawn message can change while its event stays the same object. */
export function versionOf(event: MatrixEvent, room: Room): string {
  const thread = event.getThread();
  return [
    event.getId(),
    event.getType(),
    event.status,
    event.replacingEventId(),
    event.isRedacted(),
    event.decryptionFailureReason,
    thread?.rootEvent === event ? `${thread.length} ${thread.replyToEvent?.getId() ?? ""}` : "",
    reactionIds(event, room),
  ].join(" ");
}

function reactionIds(event: MatrixEvent, room: Room): string {
  return reactionsTo(event, room)
    .map((reaction) => `${reaction.getId() ?? ""}${reaction.isRedacted() ? "-" : ""}`)
    .join();
}

export function reactionsTo(event: MatrixEvent, room: Room): MatrixEvent[] {
  const id = event.getId();
  if (id === undefined) return [];
  const relations = room.relations.getChildEventsForEvent(id, RelationType.Annotation, EventType.Reaction);
  return relations?.getRelations() ?? [];
}
