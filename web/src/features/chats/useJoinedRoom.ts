import { ClientEvent, type MatrixClient, type Room, RoomEvent } from "matrix-js-sdk";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { useEmitted } from "../../matrix/useEmitted.ts";

const events = [ClientEvent.Room, ClientEvent.DeleteRoom, RoomEvent.MyMembership, ClientEvent.Sync] as const;

/** The room of an id or an alias, if the user is in it. */
export function useJoinedRoom(target: string | undefined): Room | undefined {
  const client = useClient();
  return useEmitted(client, events, () => {
    const room = target === undefined ? undefined : findRoom(client, target);
    return room?.getMyMembership() === "join" ? room : undefined;
  });
}

export function findRoom(client: MatrixClient, target: string): Room | undefined {
  if (!target.startsWith("#")) return client.getRoom(target) ?? undefined;
  return client.getRooms().find((room) => room.getCanonicalAlias() === target || room.getAltAliases().includes(target));
}
