import { Info, LockKeyhole, Search } from "lucide-react";
import { type Room, RoomEvent, RoomStateEvent } from "matrix-js-sdk";
import { Button as AriaButton } from "react-aria-components";
import { useTranslations } from "use-intl";

import { useEmitted } from "../../matrix/useEmitted.ts";
import { Button } from "../../ui/Button.tsx";
import { BackBar } from "../chats/BackBar.tsx";
import { useChat } from "../chats/useChats.ts";
import { Avatar } from "../media/Avatar.tsx";
import styles from "./RoomHeader.module.css";
import { useRoomNavigation } from "./useRoomNavigation.ts";

const events = [RoomEvent.Name, RoomEvent.Summary, RoomStateEvent.Events] as const;

export function RoomHeader({ room }: { room: Room }) {
  const t = useTranslations("room");
  const { place, open } = useRoomNavigation();
  const chat = useChat(room.roomId);
  const members = useEmitted(room, events, () => room.getJoinedMemberCount());
  const encrypted = useEmitted(room, events, () => room.hasEncryptionStateEvent());
  const name = useEmitted(room, events, () => room.name);
  const infoOpen = place.pane === "info";
  return (
    <header className={styles.header}>
      <BackBar />
      <AriaButton
        className={styles.title}
        aria-label={t("about", { name })}
        onPress={() => open(infoOpen ? {} : { pane: "info" })}
      >
        <Avatar id={chat?.directUserId ?? room.roomId} name={name} mxc={chat?.avatar} />
        <span className={styles.words}>
          <h1 dir="auto">{name}</h1>
          <span className={styles.line}>
            {encrypted && <LockKeyhole size={12} aria-label={t("encrypted")} />}
            {chat?.directUserId ?? t("memberCount", { count: members })}
          </span>
        </span>
      </AriaButton>
      <Button
        look="quiet"
        icon
        aria-label={t("search")}
        onPress={() => open(place.pane === "search" ? {} : { pane: "search" })}
      >
        <Search size={20} aria-hidden />
      </Button>
      <Button
        look="quiet"
        icon
        aria-label={t("info")}
        aria-expanded={infoOpen}
        onPress={() => open(infoOpen ? {} : { pane: "info" })}
      >
        <Info size={20} aria-hidden />
      </Button>
    </header>
  );
}
