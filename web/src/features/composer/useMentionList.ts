import type { RoomMember } from "matrix-js-sdk";
import { type RefObject, useId, useMemo, useState } from "react";

import { useConversation } from "../timeline/model/conversation.tsx";
import type { Draft } from "./drafts.ts";
import { mentionAt, rankMembers } from "./mentionQuery.ts";

export interface MentionChoices {
  id: string;
  open: boolean;
  members: readonly RoomMember[];
  active: number;
  activeId: string | undefined;
  /** Looks whether a mention is being written where the caret stands. */
  look: (field: HTMLTextAreaElement) => void;
  move: (step: number) => void;
  pick: (member: RoomMember) => void;
  close: () => void;
}

/** The people who fit what is written after an @. */
export function useMentionList(
  field: RefObject<HTMLTextAreaElement | null>,
  draft: Draft,
  setDraft: (draft: Draft) => void,
): MentionChoices {
  const id = useId();
  const { room } = useConversation();
  const [query, setQuery] = useState<{ start: number; text: string }>();
  const [active, setActive] = useState(0);
  const members = useMemo(
    () => (query ? rankMembers(room.getJoinedMembers(), query.text, room.client.getSafeUserId()) : []),
    [room, query],
  );
  const open = members.length > 0;

  const pick = (member: RoomMember): void => {
    if (!query) return;
    const label = `@${member.rawDisplayName}`;
    const end = query.start + 1 + query.text.length;
    const text = `${draft.text.slice(0, query.start)}${label} ${draft.text.slice(end)}`;
    setDraft({ text, mentions: [...draft.mentions, { userId: member.userId, label }] });
    setQuery(undefined);
    const caret = query.start + label.length + 1;
    requestAnimationFrame(() => field.current?.setSelectionRange(caret, caret));
  };
  return {
    id,
    open,
    members,
    active,
    activeId: open ? `${id}-${active}` : undefined,
    look: ({ value, selectionStart }) => {
      setQuery(mentionAt(value, selectionStart));
      setActive(0);
    },
    move: (step) => setActive((active + step + members.length) % members.length),
    pick,
    close: () => setQuery(undefined),
  };
}
