import { type RefObject, useCallback, useEffect, useState } from "react";

import { useObservable } from "../../app/useObservable.ts";
import { useMessenger } from "../messenger/MessengerProvider.tsx";
import { useConversation } from "../timeline/model/conversation.tsx";
import { type Draft, draftPlace } from "./drafts.ts";

const empty: Draft = { text: "", mentions: [] };
const saveAfterMs = 400;

interface UsedDraft {
  draft: Draft;
  setDraft: (draft: Draft) => void;
  clear: () => void;
}

/** What is being written here: it is kept a moment after each change, and comes back with the room. */
export function useDraft(field: RefObject<HTMLTextAreaElement | null>): UsedDraft {
  const { drafts } = useMessenger();
  const conversation = useConversation();
  const intent = useObservable(conversation.intent);
  const place = draftPlace(conversation.room.roomId, conversation.threadId);
  const [draft, setDraft] = useState<Draft>(() => drafts.get(place) ?? empty);
  const [seenIntent, setSeenIntent] = useState(intent);

  // An edit begins with the words of the message.
  if (seenIntent !== intent) {
    setSeenIntent(intent);
    if (intent.kind === "edit") setDraft({ text: editable(intent.event.getContent().body), mentions: [] });
  }
  useEffect(() => {
    if (intent.kind !== "new") field.current?.focus();
  }, [intent, field]);

  useEffect(() => {
    if (intent.kind === "edit") return;
    const timer = setTimeout(() => void drafts.set(place, draft), saveAfterMs);
    return () => clearTimeout(timer);
  }, [drafts, place, draft, intent]);

  const clear = useCallback(() => {
    setDraft(empty);
    void drafts.set(place, empty);
  }, [drafts, place]);
  return { draft, setDraft, clear };
}

function editable(body: unknown): string {
  return typeof body === "string" ? body : "";
}
