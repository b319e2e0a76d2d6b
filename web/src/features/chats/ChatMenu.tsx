import {
  Archive,
  ArchiveRestore,
  Bell,
  BellOff,
  Ellipsis,
  LogOut,
  MailCheck,
  MailOpen,
  Star,
  StarOff,
} from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Menu, MenuItem, MenuSeparator } from "../../ui/Menu.tsx";
import { LeaveDialog } from "../room/LeaveDialog.tsx";
import { setNotificationLevel } from "../room/notificationLevel.ts";
import { markRead, setMarkedUnread } from "./marking.ts";
import { type ChatSummary, needsAttention, setArchived, setFavourite } from "./summary.ts";

/** What can be done with a chat in the list. */
export function ChatMenu({ chat }: { chat: ChatSummary }) {
  const t = useTranslations("chats.action");
  const client = useClient();
  const { act } = useAct();
  const [leaving, setLeaving] = useState(false);
  const { roomId, favourite, archived, notifications, name } = chat;
  const muted = notifications === "none";
  const unread = needsAttention(chat);
  const trigger = (
    <Button look="quiet" icon aria-label={t("more", { name })}>
      <Ellipsis size={18} aria-hidden />
    </Button>
  );
  return (
    <>
      <Menu label={t("more", { name })} trigger={trigger}>
        <MenuItem
          icon={unread ? MailCheck : MailOpen}
          onAction={() => void act(() => (unread ? markRead(client, roomId) : setMarkedUnread(client, roomId, true)))}
        >
          {unread ? t("markRead") : t("markUnread")}
        </MenuItem>
        <MenuItem
          icon={favourite ? StarOff : Star}
          onAction={() => void act(() => setFavourite(client, roomId, !favourite))}
        >
          {favourite ? t("unfavourite") : t("favourite")}
        </MenuItem>
        <MenuItem
          icon={muted ? Bell : BellOff}
          onAction={() => void act(() => setNotificationLevel(client, roomId, muted ? "all" : "none"))}
        >
          {muted ? t("unmute") : t("mute")}
        </MenuItem>
        <MenuItem
          icon={archived ? ArchiveRestore : Archive}
          onAction={() => void act(() => setArchived(client, roomId, !archived))}
        >
          {archived ? t("unarchive") : t("archive")}
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={LogOut} danger onAction={() => setLeaving(true)}>
          {t("leave")}
        </MenuItem>
      </Menu>
      {leaving && <LeaveDialog roomId={roomId} onClose={() => setLeaving(false)} />}
    </>
  );
}
