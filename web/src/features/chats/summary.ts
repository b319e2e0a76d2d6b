// What the list says of a chat. A summary is a value: the list draws a row again only when its summary has become another one.
import { EventType, type MatrixClient, type MatrixEvent, NotificationCountType, type Room } from "matrix-js-sdk";

import { isMessage } from "../timeline/model/items.ts";
import { type NotificationLevel, notificationLevel } from "../room/notificationLevel.ts";

export interface ChatSummary {
  roomId: string;
  name: string;
  avatar: string | null;
  /** The other person of a direct chat. */
  directUserId: string | undefined;
  invited: boolean;
  space: boolean;
  favourite: boolean;
  archived: boolean;
  notifications: NotificationLevel;
  unread: number;
  mentions: number;
  markedUnread: boolean;
  last: MatrixEvent | undefined;
  /** Changes when the last message does, in place, by being decrypted, edited or deleted. */
  lastVersion: string;
  ts: number;
}

const favouriteTag = "m.favourite";
const archiveTag = "m.lowpriority";

export function summarise(client: MatrixClient, room: Room, directUserId: string | undefined): ChatSummary {
  const last = lastMessage(room);
  return {
    roomId: room.roomId,
    name: room.name,
    avatar: room.getMxcAvatarUrl() ?? memberAvatar(room, directUserId),
    directUserId,
    invited: room.getMyMembership() === "invite",
    space: room.isSpaceRoom(),
    favourite: favouriteTag in room.tags,
    archived: archiveTag in room.tags,
    notifications: notificationLevel(client, room.roomId),
    unread: room.getUnreadNotificationCount(NotificationCountType.Total),
    mentions: room.getUnreadNotificationCount(NotificationCountType.Highlight),
    markedUnread: room.getAccountData("m.marked_unread")?.getContent().unread === true,
    last,
    lastVersion: last ? versionOf(last) : "",
    ts: last?.getTs() ?? inviteTs(client, room),
  };
}

export function sameSummary(a: ChatSummary, b: ChatSummary): boolean {
  return (Object.keys(a) as (keyof ChatSummary)[]).every((key) => Object.is(a[key], b[key]));
}

export function needsAttention({ unread, mentions, markedUnread, invited, notifications }: ChatSummary): boolean {
  return invited || markedUnread || mentions > 0 || (unread > 0 && notifications !== "none");
}

/** Tags with which a chat is put first, or out of the way. */
export async function setFavourite(client: MatrixClient, roomId: string, on: boolean): Promise<void> {
  await (on ? client.setRoomTag(roomId, favouriteTag) : client.deleteRoomTag(roomId, favouriteTag));
}

export async function setArchived(client: MatrixClient, roomId: string, on: boolean): Promise<void> {
  await (on ? client.setRoomTag(roomId, archiveTag) : client.deleteRoomTag(roomId, archiveTag));
}

/** Client-Server API, m.direct: which rooms are conversations with one person. */
export function directChats(client: MatrixClient): Map<string, string> {
  const content = client.getAccountData(EventType.Direct)?.getContent() ?? {};
  const directs = new Map<string, string>();
  for (const [userId, roomIds] of Object.entries(content)) {
    if (!Array.isArray(roomIds)) continue;
    for (const roomId of roomIds) if (typeof roomId === "string") directs.set(roomId, userId);
  }
  return directs;
}

function lastMessage(room: Room): MatrixEvent | undefined {
  const last = room.getLiveTimeline().getEvents().findLast(isMessage);
  const thread = room.getLastThread()?.replyToEvent ?? undefined;
  return thread && (!last || thread.getTs() > last.getTs()) ? thread : last;
}

function versionOf(event: MatrixEvent): string {
  return [event.getId(), event.getType(), event.replacingEventId(), event.isRedacted()].join(" ");
}

function memberAvatar(room: Room, userId: string | undefined): string | null {
  const member = userId === undefined ? room.getAvatarFallbackMember() : room.getMember(userId);
  return userId !== undefined || room.getInvitedAndJoinedMemberCount() <= 2
    ? (member?.getMxcAvatarUrl() ?? null)
    : null;
}

function inviteTs(client: MatrixClient, room: Room): number {
  const membership = room.getMember(client.getSafeUserId())?.events.member;
  return membership?.getTs() ?? 0;
}
