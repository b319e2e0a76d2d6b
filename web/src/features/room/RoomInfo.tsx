import {
  CalendarSearch,
  type LucideIcon,
  LogOut,
  MessagesSquare,
  Pin,
  Search,
  Settings,
  UserPlus,
  Users,
} from "lucide-react";
import { EventType, type Room, RoomEvent, RoomStateEvent } from "matrix-js-sdk";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslations } from "use-intl";

import { roomState } from "./roomState.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { useEmitted } from "../../matrix/useEmitted.ts";
import { Choice } from "../../ui/Choice.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { useChat } from "../chats/useChats.ts";
import { Avatar } from "../media/Avatar.tsx";
import { TextWithLinks } from "../timeline/content/TextWithLinks.tsx";
import { InviteDialog } from "./InviteDialog.tsx";
import { JumpToDate } from "./JumpToDate.tsx";
import { LeaveDialog } from "./LeaveDialog.tsx";
import { setLinkPreviews, useLinkPreviews } from "./linkPreviews.ts";
import { notificationLevels, setNotificationLevel } from "./notificationLevel.ts";
import styles from "./RoomInfo.module.css";
import { SidePane } from "./SidePane.tsx";
import { useRoomNavigation } from "./useRoomNavigation.ts";

type Shown = "invite" | "leave" | "date";

const events = [RoomEvent.Name, RoomStateEvent.Events] as const;

/** What a room is, and the ways from here. */
export default function RoomInfo({ room }: { room: Room }) {
  const t = useTranslations("room");
  const client = useClient();
  const { open } = useRoomNavigation();
  const chat = useChat(room.roomId);
  const topic = useEmitted(room, events, () => topicOf(room));
  const [shown, setShown] = useState<Shown>();
  const close = (): void => setShown(undefined);
  return (
    <SidePane title={t("info")}>
      <div className={styles.head}>
        <Avatar id={chat?.directUserId ?? room.roomId} name={room.name} mxc={chat?.avatar} size="xl" />
        <h3 dir="auto">{room.name}</h3>
        {room.getCanonicalAlias() && <p className={styles.alias}>{room.getCanonicalAlias()}</p>}
        {topic !== "" && (
          <p className={styles.topic} dir="auto">
            <TextWithLinks text={topic} />
          </p>
        )}
      </div>
      <ul className={styles.ways}>
        <Way icon={Users} onPress={() => open({ pane: "members" })}>
          {t("memberCount", { count: room.getJoinedMemberCount() })}
        </Way>
        {room.canInvite(client.getSafeUserId()) && (
          <Way icon={UserPlus} onPress={() => setShown("invite")}>
            {t("invite.way")}
          </Way>
        )}
        <Way icon={Search} onPress={() => open({ pane: "search" })}>
          {t("search")}
        </Way>
        <Way icon={CalendarSearch} onPress={() => setShown("date")}>
          {t("jump.title")}
        </Way>
        <Way icon={Pin} onPress={() => open({ pane: "pinned" })}>
          {t("pinned")}
        </Way>
        <Way icon={MessagesSquare} onPress={() => open({ pane: "threads" })}>
          {t("threads")}
        </Way>
        <Way icon={Settings} onPress={() => open({ pane: "settings" })}>
          {t("settings.title")}
        </Way>
      </ul>
      <Preferences room={room} />
      <ul className={styles.ways}>
        <Way icon={LogOut} danger onPress={() => setShown("leave")}>
          {t("leave")}
        </Way>
      </ul>
      {shown === "invite" && <InviteDialog room={room} onClose={close} />}
      {shown === "leave" && <LeaveDialog roomId={room.roomId} onClose={close} />}
      {shown === "date" && <JumpToDate room={room} onClose={close} />}
    </SidePane>
  );
}

interface WayProps {
  icon: LucideIcon;
  onPress: () => void;
  children: string;
  danger?: boolean;
}

function Way({ icon: Icon, onPress, children, danger = false }: WayProps) {
  return (
    <li>
      <Button className={styles.way} data-danger={danger || undefined} onPress={onPress}>
        <Icon size={18} aria-hidden />
        {children}
      </Button>
    </li>
  );
}

/** What the user has chosen about the room, for all of the user's devices. */
function Preferences({ room }: { room: Room }) {
  const t = useTranslations("room");
  const client = useClient();
  const chat = useChat(room.roomId);
  const previews = useLinkPreviews(room);
  const { act, busy } = useAct();
  return (
    <>
      <Choice
        label={t("notifications.title")}
        value={chat?.notifications ?? "all"}
        isDisabled={busy}
        options={notificationLevels.map((value) => ({ value, label: t(`notifications.${value}`) }))}
        onChange={(level) => void act(() => setNotificationLevel(client, room.roomId, level))}
      />
      <Switch
        label={t("previews")}
        description={room.hasEncryptionStateEvent() ? t("previewsEncrypted") : t("previewsHelp")}
        isSelected={previews}
        isDisabled={busy}
        onChange={(on) => void act(() => setLinkPreviews(client, room.roomId, on))}
      />
    </>
  );
}

export function topicOf(room: Room): string {
  const topic: unknown = roomState(room).getStateEvents(EventType.RoomTopic, "")?.getContent().topic;
  return typeof topic === "string" ? topic : "";
}
