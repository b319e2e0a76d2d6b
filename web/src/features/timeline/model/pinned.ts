import { EventType, type MatrixClient, type Room } from "matrix-js-sdk";
import { roomState } from "../../room/roomState.ts";

const most = 100;

/** The ids of the messages that are pinned in a room, the latest last. */
export function pinnedIds(room: Room): string[] {
  const content = roomState(room).getStateEvents(EventType.RoomPinnedEvents, "")?.getContent() ?? {};
  const pinned: unknown = content.pinned;
  return Array.isArray(pinned) ? pinned.filter((id) => typeof id === "string").slice(-most) : [];
}

export function isPinned(room: Room, eventId: string): boolean {
  return pinnedIds(room).includes(eventId);
}

export async function setPinned(client: MatrixClient, room: Room, eventId: string, on: boolean): Promise<void> {
  const others = pinnedIds(room).filter((id) => id !== eventId);
  await client.sendStateEvent(room.roomId, EventType.RoomPinnedEvents, { pinned: on ? [...others, eventId] : others });
}
