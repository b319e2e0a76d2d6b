import type { Room } from "matrix-js-sdk";
import { createContext, type ReactNode, use } from "react";

const RoomContext = createContext<Room | undefined>(undefined);

export function RoomProvider({ room, children }: { room: Room; children: ReactNode }) {
  return <RoomContext value={room}>{children}</RoomContext>;
}

/** The room that is open. Only below RoomProvider. */
export function useRoom(): Room {
  const room = use(RoomContext);
  if (!room) throw new Error("no room is open here");
  return room;
}
