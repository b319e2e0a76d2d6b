import { BellOff } from "lucide-react";
import { memo, useCallback, useSyncExternalStore } from "react";
import { Link } from "react-aria-components";
import { useFormatter, useTranslations } from "use-intl";

import { roomPath } from "../../app/routes.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Avatar } from "../media/Avatar.tsx";
import { useMessenger } from "../messenger/MessengerProvider.tsx";
import { usePreview } from "../timeline/model/usePreview.ts";
import styles from "./ChatList.module.css";
import { ChatMenu } from "./ChatMenu.tsx";
import { type ChatSummary, needsAttention } from "./summary.ts";

interface Props {
  chat: ChatSummary;
  selected: boolean;
}

export const ChatRow = memo(function ChatRow({ chat, selected }: Props) {
  const t = useTranslations("chats");
  const time = useShortTime(chat.ts);
  return (
    <div className={styles.row} role="listitem">
      <Link
        href={roomPath(chat.roomId)}
        className={styles.chat}
        data-unread={needsAttention(chat) || undefined}
        {...(selected && { "aria-current": "page" as const })}
      >
        <Avatar id={chat.directUserId ?? chat.roomId} name={chat.name} mxc={chat.avatar} size="l" />
        <span className={styles.words}>
          <span className={styles.line}>
            <span className={styles.name} dir="auto">
              {chat.name}
            </span>
            {chat.notifications === "none" && <BellOff size={14} className={styles.muted} aria-label={t("muted")} />}
            <span className={styles.time}>{time}</span>
          </span>
          <span className={styles.line}>
            <Preview chat={chat} />
            <Badge chat={chat} />
          </span>
        </span>
      </Link>
      {!chat.invited && (
        <span className={styles.more}>
          <ChatMenu chat={chat} />
        </span>
      )}
    </div>
  );
});

function Preview({ chat }: { chat: ChatSummary }) {
  const t = useTranslations("chats");
  const client = useClient();
  const preview = usePreview();
  const draft = useDraftText(chat.roomId);
  if (chat.invited) return <span className={styles.preview}>{t("invitation")}</span>;
  if (draft !== undefined) {
    return (
      <span className={styles.preview}>
        <span className={styles.draft}>{t("draft")}</span> {draft}
      </span>
    );
  }
  const { last } = chat;
  if (!last) return <span className={styles.preview} />;
  const own = last.getSender() === client.getUserId();
  const sender = own ? t("you") : chat.directUserId === undefined ? last.sender?.name : undefined;
  return (
    <span className={styles.preview} dir="auto">
      {sender !== undefined && `${sender}: `}
      {preview(last)}
    </span>
  );
}

function Badge({ chat: { unread, mentions, markedUnread, invited, notifications } }: { chat: ChatSummary }) {
  const t = useTranslations("chats");
  if (unread === 0 && !markedUnread && !invited) return null;
  const quiet = mentions === 0 && notifications !== "all";
  const label = mentions > 0 ? t("mentionCount", { count: mentions }) : t("unreadCount", { count: unread });
  return (
    <span className={styles.badge} role="img" aria-label={label} data-quiet={quiet || undefined}>
      {mentions > 0 ? "@" : unread > 0 ? (unread > 99 ? "99+" : unread) : "•"}
    </span>
  );
}

function useDraftText(roomId: string): string | undefined {
  const { drafts } = useMessenger();
  const read = useCallback(() => drafts.get(roomId)?.text, [drafts, roomId]);
  return useSyncExternalStore(drafts.all.subscribe, read);
}

const dayMs = 86_400_000;

/** Today the hour, this week the day, before that the date. */
function useShortTime(ts: number): string {
  const format = useFormatter();
  if (ts === 0) return "";
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (ts >= midnight) return format.dateTime(ts, { timeStyle: "short" });
  if (ts >= midnight - 6 * dayMs) return format.dateTime(ts, { weekday: "short" });
  return format.dateTime(ts, { dateStyle: "short" });
}
