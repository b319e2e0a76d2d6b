import { EventType, type MatrixEvent } from "matrix-js-sdk";
import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import { useMessenger } from "../messenger/MessengerProvider.tsx";
import type { OutboxEntry } from "../outbox/entry.ts";
import { type Conversation, useConversation } from "../timeline/model/conversation.tsx";
import type { Draft } from "./drafts.ts";
import { fileMessage } from "./fileMessage.ts";
import { editContent, textContent } from "./markdown.ts";
import { type VoiceRecording, voiceContent } from "./voice.ts";

type Content = Record<string, unknown>;

interface Send {
  sendText: (draft: Draft) => void;
  /** Sends files; with one of them the words go as its caption, else after them. */
  sendFiles: (files: readonly File[], draft: Draft) => void;
  sendVoice: (voice: VoiceRecording) => void;
}

/** Puts what was written into the outbox. */
export function useSend(): Send {
  const { client, outbox } = useMessenger();
  const conversation = useConversation();
  const t = useTranslations("composer");
  const { act } = useAct();

  const add = (content: Content, file?: File, thumbnail?: Blob): Promise<void> => {
    const entry: OutboxEntry = {
      txnId: client.makeTxnId(),
      roomId: conversation.room.roomId,
      type: EventType.RoomMessage,
      content,
      createdAt: Date.now(),
      ...(conversation.threadId !== undefined && { threadId: conversation.threadId }),
      ...(file && { file: { name: file.name, mimetype: file.type, size: file.size } }),
      ...(thumbnail && { thumbnail: { name: "thumbnail", mimetype: thumbnail.type, size: thumbnail.size } }),
    };
    return outbox.add(entry, { ...(file && { file }), ...(thumbnail && { thumbnail }) });
  };

  return {
    sendText: ({ text, mentions }) => {
      const intent = conversation.intent.get();
      const content =
        intent.kind === "edit"
          ? editContent(text.trim(), mentions, intent.event.getId() ?? "")
          : related(conversation, textContent(text.trim(), mentions));
      void act(() => add(content));
    },
    sendFiles: (files, { text, mentions }) => {
      const relate = relating(conversation);
      const words = text.trim();
      void act(async () => {
        for (const file of files) {
          const caption = files.length === 1 && words !== "" ? words : undefined;
          const { content, thumbnail } = await fileMessage(file, caption);
          await add(relate(content), file, thumbnail);
        }
        if (files.length > 1 && words !== "") await add(relate(textContent(words, mentions)));
      });
    },
    sendVoice: (voice) => {
      const content = related(conversation, voiceContent(voice, t("voiceMessage")));
      void act(() => add(content, voice.file));
    },
  };
}

function related(conversation: Conversation, content: Content): Content {
  return relating(conversation)(content);
}

/** Adds to what a message belongs, as things stand now: later the composer may be about something else. */
function relating({ room, threadId, intent }: Conversation): (content: Content) => Content {
  const now = intent.get();
  const target = now.kind === "reply" ? now.to : undefined;
  if (threadId !== undefined) {
    // Client-Server API, 11.10.1.4: for clients that know no threads the message replies to the last one of its thread.
    const last = target ?? room.getThread(threadId)?.replyToEvent;
    return (content) => ({
      ...mentioning(content, target),
      "m.relates_to": {
        "rel_type": "m.thread",
        "event_id": threadId,
        "is_falling_back": target === undefined,
        "m.in_reply_to": { event_id: last?.getId() ?? threadId },
      },
    });
  }
  if (!target) return (content) => content;
  return (content) => ({
    ...mentioning(content, target),
    "m.relates_to": { "m.in_reply_to": { event_id: target.getId() } },
  });
}

// Client-Server API, 11.3.5: who is replied to is mentioned.
function mentioning(content: Content, target: MatrixEvent | undefined): Content {
  const sender = target?.getSender();
  if (sender === undefined) return content;
  const mentions = (content["m.mentions"] ?? {}) as { user_ids?: string[] };
  return { ...content, "m.mentions": { ...mentions, user_ids: [...new Set([...(mentions.user_ids ?? []), sender])] } };
}
