import type { Room } from "matrix-js-sdk";
import { lazy, Suspense } from "react";

import { RoomProvider } from "./RoomContext.tsx";
import type { RoomPlace } from "./useRoomNavigation.ts";

const RoomInfo = lazy(() => import("./RoomInfo.tsx"));
const Members = lazy(() => import("./Members.tsx"));
const MemberInfo = lazy(() => import("./MemberInfo.tsx"));
const RoomSettings = lazy(() => import("./RoomSettings.tsx"));
const ThreadPane = lazy(() => import("./ThreadPane.tsx"));
const Threads = lazy(() => import("./Threads.tsx"));
const Pinned = lazy(() => import("./Pinned.tsx"));
const SearchPane = lazy(() => import("../search/SearchPane.tsx"));

/** What stands beside the conversation. */
export function RoomSide({ room, place }: { room: Room; place: RoomPlace }) {
  return (
    <RoomProvider room={room}>
      <Suspense>
        <Pane room={room} place={place} />
      </Suspense>
    </RoomProvider>
  );
}

function Pane({ room, place: { pane, thread, user, event } }: { room: Room; place: RoomPlace }) {
  switch (pane) {
    case "info":
      return <RoomInfo room={room} />;
    case "members":
      return <Members room={room} />;
    case "member":
      return user === undefined ? null : <MemberInfo key={user} room={room} userId={user} />;
    case "settings":
      return <RoomSettings room={room} />;
    case "thread":
      return thread === undefined ? null : <ThreadPane key={thread} room={room} threadId={thread} focus={event} />;
    case "threads":
      return <Threads room={room} />;
    case "pinned":
      return <Pinned room={room} />;
    case "search":
      return <SearchPane roomId={room.roomId} />;
    case undefined:
      return null;
  }
}
