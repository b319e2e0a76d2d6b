import type { MatrixEvent, Room } from "matrix-js-sdk";
import { createContext, type ReactNode, use } from "react";

import { Observable } from "../../../app/observable.ts";
import type { Messenger } from "../../messenger/Messenger.ts";
import { ReadersModel } from "./ReadersModel.ts";
import { TimelineModel } from "./TimelineModel.ts";

/** What the next message that is written will be. */
export type Intent = { kind: "new" } | { kind: "reply"; to: MatrixEvent } | { kind: "edit"; event: MatrixEvent };

/** A room's timeline, or a thread's, with what is written there. */
export interface Conversation {
  room: Room;
  threadId: string | undefined;
  timeline: TimelineModel;
  readers: ReadersModel;
  intent: Observable<Intent>;
}

export function newConversation({ client }: Messenger, room: Room, threadId?: string): Conversation {
  const thread = threadId === undefined ? undefined : room.getThread(threadId);
  const timeline = new TimelineModel(client, room, thread?.timelineSet);
  const readers = new ReadersModel(client, room, timeline.state);
  return { room, threadId, timeline, readers, intent: new Observable<Intent>({ kind: "new" }) };
}

const ConversationContext = createContext<Conversation | undefined>(undefined);

export function ConversationProvider({ value, children }: { value: Conversation; children: ReactNode }) {
  return <ConversationContext value={value}>{children}</ConversationContext>;
}

/** Only below ConversationProvider. */
export function useConversation(): Conversation {
  const conversation = use(ConversationContext);
  if (!conversation) throw new Error("no conversation is open here");
  return conversation;
}
