import type { Room } from "matrix-js-sdk";
import { RoomStateEvent } from "matrix-js-sdk";
import { type DragEvent, type ReactNode, useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";

import { useEmitted } from "../../../matrix/useEmitted.ts";
import { Composer } from "../../composer/Composer.tsx";
import { useWaitingFiles } from "../../composer/waitingFiles.ts";
import { useMessenger } from "../../messenger/MessengerProvider.tsx";
import { type Conversation, ConversationProvider, newConversation, useConversation } from "../model/conversation.tsx";
import { Announcer } from "./Announcer.tsx";
import styles from "./ConversationView.module.css";
import { MessageDialogsHost } from "./MessageDialogsHost.tsx";
import { Timeline } from "./Timeline.tsx";
import { TypingLine } from "./TypingLine.tsx";

interface Props {
  room: Room;
  threadId?: string;
  /** The message to show first. */
  focus?: string | undefined;
  children?: ReactNode;
}

/** A room's messages, or a thread's, and the place to write. Give it a key by room and thread. */
export function ConversationView({ room, threadId, focus, children }: Props) {
  const conversation = useOpenConversation(room, threadId, focus);
  return (
    <ConversationProvider value={conversation}>
      <MessageDialogsHost>
        <DropArea>
          {children}
          <Timeline />
          <TypingLine />
          <Writing />
          <Announcer />
        </DropArea>
      </MessageDialogsHost>
    </ConversationProvider>
  );
}

function useOpenConversation(room: Room, threadId: string | undefined, focus: string | undefined): Conversation {
  const messenger = useMessenger();
  const conversation = useMemo(() => newConversation(messenger, room, threadId), [messenger, room, threadId]);
  // Members come lazily with what they say; who writes here may mention any of them.
  useEffect(() => void room.loadMembersIfNeeded().catch(() => undefined), [room]);
  useEffect(() => {
    const stopTimeline = conversation.timeline.follow();
    const stopReaders = conversation.readers.follow();
    return () => {
      stopTimeline();
      stopReaders();
    };
  }, [conversation]);
  useEffect(() => void conversation.timeline.open(focus), [conversation, focus]);
  return conversation;
}

const events = [RoomStateEvent.Events, RoomStateEvent.Members] as const;

function Writing() {
  const t = useTranslations("timeline");
  const { room } = useConversation();
  const maySend = useEmitted(room, events, () => room.maySendMessage());
  return maySend ? <Composer /> : <p className={styles.silent}>{t("mayNotSend")}</p>;
}

function DropArea({ children }: { children: ReactNode }) {
  const t = useTranslations("composer");
  const files = useWaitingFiles();
  const [over, setOver] = useState(false);
  const onDragOver = (event: DragEvent): void => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    files.add([...event.dataTransfer.files]);
  };
  return (
    // Files can also be attached with a button.
    <div
      className={styles.conversation}
      onDragOver={onDragOver}
      onDragLeave={(event) => event.currentTarget === event.target && setOver(false)}
      onDrop={onDrop}
    >
      {children}
      {over && <div className={styles.drop}>{t("dropHere")}</div>}
    </div>
  );
}
