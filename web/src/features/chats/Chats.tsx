import { MessageCircle } from "lucide-react";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { useRoute } from "wouter";

import { routes } from "../../app/routes.ts";
import { Notice } from "../../ui/Notice.tsx";
import { Panes } from "../../ui/Panes.tsx";
import { RoomProvider } from "../room/RoomContext.tsx";
import { RoomSide } from "../room/RoomSide.tsx";
import { RoomView } from "../room/RoomView.tsx";
import { useRoomNavigation } from "../room/useRoomNavigation.ts";
import { ChatList } from "./ChatList.tsx";
import { useJoinedRoom } from "./useJoinedRoom.ts";

const Doorstep = lazy(() => import("./Doorstep.tsx"));
const PersonPage = lazy(() => import("./PersonPage.tsx"));
const SpaceView = lazy(() => import("./SpaceView.tsx"));

/** The list of chats, and the chat that was chosen from it. */
export default function Chats() {
  const [, params] = useRoute(routes.room);
  const [, person] = useRoute(routes.person);
  const target = params?.roomId === undefined ? undefined : decodeURIComponent(params.roomId);
  const userId = person?.userId === undefined ? undefined : decodeURIComponent(person.userId);
  const room = useJoinedRoom(target);
  const { place } = useRoomNavigation();
  const list = <ChatList selected={room?.roomId ?? target} />;

  if (userId !== undefined) {
    return (
      <Panes
        list={list}
        main={
          <Suspense>
            <PersonPage key={userId} userId={userId} />
          </Suspense>
        }
        front="main"
      />
    );
  }
  if (target === undefined) return <Panes list={list} main={<Nothing />} front="list" />;
  if (!room || room.isSpaceRoom()) {
    const main = room ? <SpaceView key={room.roomId} space={room} /> : <Doorstep key={target} target={target} />;
    return <Panes list={list} main={<Suspense>{main}</Suspense>} front="main" />;
  }
  const main = (
    <RoomProvider room={room}>
      <RoomView room={room} />
    </RoomProvider>
  );
  if (place.pane === undefined) return <Panes list={list} main={main} front="main" />;
  return <Panes list={list} main={main} side={<RoomSide room={room} place={place} />} front="side" />;
}

function Nothing() {
  const t = useTranslations("chats");
  return (
    <Notice title={t("nothingChosen")} text={t("nothingChosenText")}>
      <MessageCircle size={40} aria-hidden />
    </Notice>
  );
}
