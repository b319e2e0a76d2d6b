import { EventType, type Room } from "matrix-js-sdk";
import { useCallback, useMemo, useSyncExternalStore } from "react";

import { roomState } from "../room/roomState.ts";
import { useObservable } from "../../app/useObservable.ts";
import { useMessenger } from "../messenger/MessengerProvider.tsx";
import { normalise } from "../search/segments.ts";
import { type ChatSummary, needsAttention } from "./summary.ts";

/** What the list shows: everything, some kind of chats, or those of a space (by its id). */
export type ChatFilter = "all" | "unread" | "direct" | "groups" | `!${string}`;

export interface ChatSections {
  invitations: readonly ChatSummary[];
  favourites: readonly ChatSummary[];
  others: readonly ChatSummary[];
  archived: readonly ChatSummary[];
}

export function useChat(roomId: string): ChatSummary | undefined {
  const { chats } = useMessenger();
  const read = useCallback(() => chats.all.get().find((chat) => chat.roomId === roomId), [chats, roomId]);
  return useSyncExternalStore(chats.all.subscribe, read);
}

export function useSpaces(): readonly ChatSummary[] {
  const { chats } = useMessenger();
  const all = useObservable(chats.all);
  return useMemo(() => all.filter(({ space, invited }) => space && !invited), [all]);
}

/** The chats that fit a filter and the words of a search. */
export function useChatSections(filter: ChatFilter, words: string): ChatSections {
  const { client, chats } = useMessenger();
  const all = useObservable(chats.all);
  return useMemo(() => {
    const wanted = normalise(words.trim());
    const children = isSpaceId(filter) ? new Set(spaceChildren(client.getRoom(filter))) : undefined;
    const shown = all.filter(
      (chat) =>
        (!chat.space || chat.invited) &&
        (children ? children.has(chat.roomId) : fits(chat, filter)) &&
        (wanted === "" || normalise(`${chat.name} ${chat.directUserId ?? ""}`).includes(wanted)),
    );
    return {
      invitations: shown.filter(({ invited }) => invited),
      favourites: shown.filter(({ invited, favourite }) => !invited && favourite),
      others: shown.filter(({ invited, favourite, archived }) => !invited && !favourite && !archived),
      archived: shown.filter(({ invited, favourite, archived }) => !invited && !favourite && archived),
    };
  }, [client, all, filter, words]);
}

function isSpaceId(filter: ChatFilter): filter is `!${string}` {
  return filter.startsWith("!");
}

function fits(chat: ChatSummary, filter: ChatFilter): boolean {
  switch (filter) {
    case "unread":
      return needsAttention(chat);
    case "direct":
      return chat.directUserId !== undefined;
    case "groups":
      return chat.directUserId === undefined;
    default:
      return true;
  }
}

/** The rooms of a space. A child without servers to reach it by has been taken out (Client-Server API, m.space.child). */
export function spaceChildren(space: Room | null): string[] {
  const events = space ? roomState(space).getStateEvents(EventType.SpaceChild) : [];
  return events
    .filter((event) => Array.isArray(event.getContent().via))
    .map((event) => event.getStateKey())
    .filter((id) => id !== undefined);
}
