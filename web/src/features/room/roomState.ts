import { EventTimeline, type Room, type RoomState } from "matrix-js-sdk";

/** The state of a room as it is now. */
export function roomState(room: Room): RoomState {
  const state = room.getLiveTimeline().getState(EventTimeline.FORWARDS);
  if (!state) throw new Error("a live timeline has a state");
  return state;
}
