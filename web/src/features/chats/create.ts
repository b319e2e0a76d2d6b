// Making rooms: private ones are encrypted from their first event on.
import { EventType, type MatrixClient, Preset, RoomType, Visibility } from "matrix-js-sdk";

import { directChats } from "./summary.ts";

const encryption = {
  type: EventType.RoomEncryption,
  state_key: "",
  content: { algorithm: "m.megolm.v1.aes-sha2" },
};

/** The direct chat with a person: the one there is, or a new one. */
export async function openDirectChat(client: MatrixClient, userId: string): Promise<string> {
  for (const [roomId, other] of directChats(client)) {
    const room = client.getRoom(roomId);
    if (
      other === userId &&
      room?.getMyMembership() === "join" &&
      !room.getMember(userId)?.membership?.match(/leave|ban/)
    ) {
      return roomId;
    }
  }
  const { room_id } = await client.createRoom({
    preset: Preset.TrustedPrivateChat,
    visibility: Visibility.Private,
    invite: [userId],
    is_direct: true,
    initial_state: [encryption],
  });
  await markDirect(client, room_id, userId);
  return room_id;
}

/** Notes in the account data that a room is the conversation with a person. */
export async function markDirect(client: MatrixClient, roomId: string, userId: string): Promise<void> {
  const content: Record<string, string[]> = { ...client.getAccountData(EventType.Direct)?.getContent() };
  content[userId] = [...new Set([...(content[userId] ?? []), roomId])];
  await client.setAccountData(EventType.Direct, content);
}

export interface GroupOptions {
  name: string;
  topic: string;
  picture: File | undefined;
  invite: readonly string[];
  /** Anybody may find and join it; it is then not encrypted, since everybody could read it anyway. */
  open: boolean;
  encrypted: boolean;
  alias?: string;
}

export async function createGroup(client: MatrixClient, options: GroupOptions): Promise<string> {
  const { name, topic, picture, invite, open, encrypted, alias } = options;
  const avatar = picture && (await client.uploadContent(picture, { type: picture.type })).content_uri;
  const { room_id } = await client.createRoom({
    name,
    ...(topic !== "" && { topic }),
    preset: open ? Preset.PublicChat : Preset.PrivateChat,
    visibility: open ? Visibility.Public : Visibility.Private,
    invite: [...invite],
    ...(alias !== undefined && alias !== "" && { room_alias_name: alias }),
    initial_state: [
      ...(encrypted ? [encryption] : []),
      ...(avatar === undefined ? [] : [{ type: EventType.RoomAvatar, state_key: "", content: { url: avatar } }]),
    ],
  });
  return room_id;
}

export async function createSpace(client: MatrixClient, name: string, topic: string, open: boolean): Promise<string> {
  const { room_id } = await client.createRoom({
    name,
    ...(topic !== "" && { topic }),
    preset: open ? Preset.PublicChat : Preset.PrivateChat,
    visibility: open ? Visibility.Public : Visibility.Private,
    creation_content: { type: RoomType.Space },
    power_level_content_override: { events_default: 100 },
  });
  return room_id;
}
