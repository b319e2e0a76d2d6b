import { memo, useCallback, useRef, useState, useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { Avatar, colourOf } from "../../media/Avatar.tsx";
import { MessageContent } from "../content/MessageContent.tsx";
import { useConversation } from "../model/conversation.tsx";
import type { MessageItem } from "../model/items.ts";
import { DeliveryState } from "./DeliveryState.tsx";
import { LinkPreview } from "./LinkPreview.tsx";
import { MessageActions } from "./MessageActions.tsx";
import styles from "./MessageRow.module.css";
import { Reactions } from "./Reactions.tsx";
import { ReadBy } from "./ReadBy.tsx";
import { ReplyQuote } from "./ReplyQuote.tsx";
import { ThreadSummary } from "./ThreadSummary.tsx";
import { Time } from "./Time.tsx";

/** A message with who said it and when, and with what others made of it. */
export const MessageRow = memo(function MessageRow({ item }: { item: MessageItem }) {
  const t = useTranslations("timeline");
  const client = useClient();
  const { room, timeline } = useConversation();
  const [menuOpen, setMenuOpen] = useState(false);
  const bubble = useRef<HTMLDivElement>(null);
  const { event, continued } = item;
  const id = event.getId() ?? "";
  const sender = event.getSender() ?? "";
  const own = sender === client.getUserId();
  const name = event.sender?.name ?? sender;
  const isFocused = useCallback(() => timeline.state.get().focus?.eventId === id, [timeline, id]);
  const focused = useSyncExternalStore(timeline.state.subscribe, isFocused);

  return (
    // A message is reached with the arrow keys; a long press on a phone opens its menu.
    <article
      className={styles.row}
      data-message={id}
      data-own={own || undefined}
      data-continued={continued || undefined}
      data-focused={focused || undefined}
      data-menu={menuOpen || undefined}
      tabIndex={-1}
      aria-label={t("messageOf", { name })}
      onContextMenu={(pressed) => {
        if (window.getSelection()?.isCollapsed === false) return;
        pressed.preventDefault();
        setMenuOpen(true);
      }}
    >
      <div className={styles.side}>
        {!own && !continued && <Avatar id={sender} name={name} mxc={event.sender?.getMxcAvatarUrl()} />}
      </div>
      <div className={styles.main}>
        {!own && !continued && (
          <span className={styles.sender} data-colour={colourOf(sender)}>
            {name}
          </span>
        )}
        <div ref={bubble} className={styles.bubble}>
          {event.replyEventId !== undefined && !event.isRedacted() && <ReplyQuote eventId={event.replyEventId} />}
          <MessageContent event={event} />
          <LinkPreview event={event} />
          <MessageActions event={event} own={own} bubble={bubble} menuOpen={menuOpen} onMenuOpenChange={setMenuOpen} />
          <span className={styles.meta}>
            {event.replacingEventId() !== undefined && !event.isRedacted() && <span>{t("edited")}</span>}
            <Time ts={event.getTs()} />
            {own && <DeliveryState eventId={id} />}
          </span>
        </div>
        <Reactions event={event} room={room} />
        <ThreadSummary event={event} />
        <ReadBy eventId={id} />
      </div>
    </article>
  );
});
