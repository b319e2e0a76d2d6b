import type { KeyboardEvent } from "react";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { type Conversation, useConversation } from "../timeline/model/conversation.tsx";
import type { MentionChoices } from "./useMentionList.ts";

interface Options {
  empty: boolean;
  send: () => void;
  mentions: MentionChoices;
  leaveIntent: () => void;
}

type Handler = (event: KeyboardEvent<HTMLTextAreaElement>) => void;

/** Enter sends and Shift+Enter breaks the line; on a phone Enter breaks it. The arrow up edits the last message of one's own. */
export function useComposerKeys({ empty, send, mentions, leaveIntent }: Options): Handler {
  const client = useClient();
  const conversation = useConversation();
  const inConversation = (event: KeyboardEvent): boolean => {
    switch (event.key) {
      case "Enter":
        if (event.shiftKey || matchMedia("(pointer: coarse)").matches) return false;
        send();
        return true;
      case "Escape":
        if (conversation.intent.get().kind === "new") return false;
        leaveIntent();
        return true;
      case "ArrowUp":
        return empty && editLast(conversation, client.getSafeUserId());
      default:
        return false;
    }
  };
  return (event) => {
    // A syllable that is being composed (Korean, Chinese, Japanese) has the keys to itself.
    if (event.nativeEvent.isComposing) return;
    if (mentions.open ? inMentions(event, mentions) : inConversation(event)) event.preventDefault();
  };
}

function inMentions(event: KeyboardEvent, mentions: MentionChoices): boolean {
  const member = mentions.members[mentions.active];
  switch (event.key) {
    case "ArrowDown":
      mentions.move(1);
      return true;
    case "ArrowUp":
      mentions.move(-1);
      return true;
    case "Enter":
    case "Tab":
      if (member) mentions.pick(member);
      return true;
    case "Escape":
      mentions.close();
      return true;
    default:
      return false;
  }
}

/** Returns whether there was something to edit. */
function editLast({ timeline, intent }: Conversation, userId: string): boolean {
  const last = timeline.state
    .get()
    .items.findLast(
      (item) =>
        item.kind === "message" &&
        item.event.getSender() === userId &&
        item.event.getContent().msgtype === "m.text" &&
        !item.event.isRedacted(),
    );
  if (last?.kind !== "message") return false;
  intent.set({ kind: "edit", event: last.event });
  return true;
}
