import { EventType, type HierarchyRoom, type MatrixClient, type Room } from "matrix-js-sdk";
import { useCallback, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { roomState } from "../room/roomState.ts";
import { roomPath } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { Spinner } from "../../ui/Spinner.tsx";
import { Avatar } from "../media/Avatar.tsx";
import { InviteDialog } from "../room/InviteDialog.tsx";
import { LeaveDialog } from "../room/LeaveDialog.tsx";
import { serverOf } from "../room/viaServers.ts";
import { BackBar } from "./BackBar.tsx";
import { ChatPicker } from "./ChatPicker.tsx";
import { RoomCard } from "./RoomCard.tsx";
import styles from "./SpaceView.module.css";

type Shown = "add" | "invite" | "leave";

/** A space: the rooms that belong together, those the user is in and those there are to join. */
export default function SpaceView({ space }: { space: Room }) {
  const t = useTranslations("chats.space");
  const room = useTranslations("room");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act } = useAct();
  const [shown, setShown] = useState<Shown>();
  const { rooms, reload } = useHierarchy(client, space);
  const mayAdd = roomState(space).maySendStateEvent(EventType.SpaceChild, client.getSafeUserId());
  const topic: unknown = roomState(space).getStateEvents(EventType.RoomTopic, "")?.getContent().topic;

  const add = (roomId: string): void =>
    void act(async () => {
      const via = [serverOf(client.getSafeUserId())];
      await client.sendStateEvent(space.roomId, EventType.SpaceChild, { via }, roomId);
      reload();
    });
  const children = rooms?.filter(({ room_id }) => room_id !== space.roomId);
  return (
    <div className={styles.space}>
      <header className={styles.header}>
        <BackBar />
        <Avatar id={space.roomId} name={space.name} mxc={space.getMxcAvatarUrl()} size="l" />
        <div>
          <h1>{space.name}</h1>
          <p>{room("memberCount", { count: space.getJoinedMemberCount() })}</p>
        </div>
      </header>
      {typeof topic === "string" && <p>{topic}</p>}
      <div className={styles.actions}>
        {mayAdd && <Button onPress={() => setShown("add")}>{t("add")}</Button>}
        {space.canInvite(client.getSafeUserId()) && <Button onPress={() => setShown("invite")}>{t("invite")}</Button>}
        <Button look="danger" onPress={() => setShown("leave")}>
          {t("leave")}
        </Button>
      </div>
      <h2>{t("rooms")}</h2>
      {!children && <Spinner label={t("loading")} />}
      {children?.length === 0 && <p>{t("empty")}</p>}
      <ul aria-label={t("rooms")}>
        {children?.map((child) => (
          <li key={child.room_id}>
            <RoomCard
              room={child}
              note={client.getRoom(child.room_id)?.getMyMembership() === "join" ? t("joined") : undefined}
              onPress={() => navigate(roomPath(child.canonical_alias ?? child.room_id))}
            />
          </li>
        ))}
      </ul>
      {shown === "add" && (
        <Modal title={t("add")} onClose={() => setShown(undefined)}>
          <ChatPicker done={new Set(children?.map(({ room_id }) => room_id))} onPick={add} />
        </Modal>
      )}
      {shown === "invite" && <InviteDialog room={space} onClose={() => setShown(undefined)} />}
      {shown === "leave" && <LeaveDialog roomId={space.roomId} onClose={() => setShown(undefined)} />}
    </div>
  );
}

const most = 100;

function useHierarchy(client: MatrixClient, space: Room) {
  const [rooms, setRooms] = useState<readonly HierarchyRoom[]>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    let wanted = true;
    client
      .getRoomHierarchy(space.roomId, most, 1)
      .catch(() => ({ rooms: [] }))
      .then(({ rooms: found }) => wanted && setRooms(found))
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client, space, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { rooms, reload };
}
