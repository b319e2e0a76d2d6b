import {
  Copy,
  Flag,
  Forward,
  Info,
  Link as LinkIcon,
  MessagesSquare,
  Pencil,
  Pin,
  PinOff,
  Reply,
  SmilePlus,
  Trash2,
} from "lucide-react";
import type { MatrixEvent } from "matrix-js-sdk";
import { type RefObject, use } from "react";
import { Menu, Popover } from "react-aria-components";
import { useTranslations } from "use-intl";

import { roomState } from "../../room/roomState.ts";
import { tell } from "../../../app/toasts.ts";
import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { MenuItem, MenuSeparator } from "../../../ui/Menu.tsx";
import styles from "../../../ui/Menu.module.css";
import { roomLink } from "../../room/permalinks.ts";
import { useRoomNavigation } from "../../room/useRoomNavigation.ts";
import { viaServers } from "../../room/viaServers.ts";
import { useConversation } from "../model/conversation.tsx";
import { isPinned, setPinned } from "../model/pinned.ts";
import { MessageDialogs } from "./MessageDialogs.ts";

interface Props {
  event: MatrixEvent;
  own: boolean;
  bubble: RefObject<HTMLElement | null>;
  onClose: () => void;
  onReact: () => void;
}

export default function MessageMenu({ event, own, bubble, onClose, onReact }: Props) {
  const t = useTranslations("timeline.action");
  const common = useTranslations("common");
  const client = useClient();
  const { room, threadId, intent } = useConversation();
  const { open } = useRoomNavigation();
  const showDialog = use(MessageDialogs);
  const { act } = useAct();

  const id = event.getId() ?? "";
  const state = roomState(room);
  const userId = client.getSafeUserId();
  const body: unknown = event.getContent().body;
  const said = !event.isRedacted() && !event.isDecryptionFailure();
  const maySend = room.maySendMessage();
  const mayPin = state.maySendStateEvent("m.room.pinned_events", userId);
  const mayDelete = !event.isRedacted() && state.maySendRedactionForEvent(event, userId);
  const pinned = isPinned(room, id);

  const copy = (text: string): void =>
    void act(async () => {
      await navigator.clipboard.writeText(text);
      tell(common("copied"));
    });

  return (
    <Popover triggerRef={bubble} isOpen onOpenChange={(shown) => shown || onClose()} className={styles.popover}>
      <Menu aria-label={t("more")} className={styles.menu} onClose={onClose} autoFocus="first">
        {said && maySend && (
          <MenuItem icon={SmilePlus} onAction={onReact}>
            {t("react")}
          </MenuItem>
        )}
        {said && maySend && (
          <MenuItem icon={Reply} onAction={() => intent.set({ kind: "reply", to: event })}>
            {t("reply")}
          </MenuItem>
        )}
        {said && maySend && threadId === undefined && (
          <MenuItem icon={MessagesSquare} onAction={() => open({ pane: "thread", thread: event.threadRootId ?? id })}>
            {t("thread")}
          </MenuItem>
        )}
        {own && said && event.getContent().msgtype === "m.text" && (
          <MenuItem icon={Pencil} onAction={() => intent.set({ kind: "edit", event })}>
            {t("edit")}
          </MenuItem>
        )}
        {said && typeof body === "string" && (
          <MenuItem icon={Copy} onAction={() => copy(body)}>
            {t("copyText")}
          </MenuItem>
        )}
        <MenuItem icon={LinkIcon} onAction={() => copy(roomLink(room.roomId, viaServers(room), id))}>
          {t("copyLink")}
        </MenuItem>
        {said && (
          <MenuItem icon={Forward} onAction={() => showDialog({ kind: "forward", event })}>
            {t("forward")}
          </MenuItem>
        )}
        {said && mayPin && (
          <MenuItem icon={pinned ? PinOff : Pin} onAction={() => void act(() => setPinned(client, room, id, !pinned))}>
            {pinned ? t("unpin") : t("pin")}
          </MenuItem>
        )}
        <MenuItem icon={Info} onAction={() => showDialog({ kind: "info", event })}>
          {t("info")}
        </MenuItem>
        <MenuSeparator />
        {!own && (
          <MenuItem icon={Flag} danger onAction={() => showDialog({ kind: "report", event })}>
            {t("report")}
          </MenuItem>
        )}
        {mayDelete && (
          <MenuItem icon={Trash2} danger onAction={() => showDialog({ kind: "delete", event })}>
            {t("delete")}
          </MenuItem>
        )}
      </Menu>
    </Popover>
  );
}
