import { type MatrixEvent, type Room, RoomStateEvent } from "matrix-js-sdk";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { sameItems, useEmitted } from "../../matrix/useEmitted.ts";
import { Notice } from "../../ui/Notice.tsx";
import { pinnedIds } from "../timeline/model/pinned.ts";
import { MessageList } from "./MessageList.tsx";
import { SidePane } from "./SidePane.tsx";
import { useRoomNavigation } from "./useRoomNavigation.ts";

const stateEvents = [RoomStateEvent.Events] as const;

/** The messages that are pinned in a room. */
export default function Pinned({ room }: { room: Room }) {
  const t = useTranslations("room");
  const { open } = useRoomNavigation();
  const ids = useEmitted(room, stateEvents, () => pinnedIds(room), sameItems);
  const events = useEventsOfRoom(room, ids);
  return (
    <SidePane title={t("pinned")}>
      {ids.length === 0 && <Notice title={t("noPinned")} text={t("noPinnedText")} />}
      <MessageList
        label={t("pinned")}
        events={[...events].reverse()}
        onPick={(event) => open({ event: event.getId() })}
      />
    </SidePane>
  );
}

function useEventsOfRoom(room: Room, ids: readonly string[]): readonly MatrixEvent[] {
  const client = useClient();
  const [events, setEvents] = useState<readonly MatrixEvent[]>([]);
  useEffect(() => {
    let wanted = true;
    const find = async (id: string): Promise<MatrixEvent | undefined> => {
      const event = room.findEventById(id) ?? client.getEventMapper()(await client.fetchRoomEvent(room.roomId, id));
      event.sender ??= room.getMember(event.getSender() ?? "");
      await client.decryptEventIfNeeded(event);
      return event;
    };
    void Promise.all(ids.map((id) => find(id).catch(() => undefined))).then((found) => {
      if (wanted) setEvents(found.filter((event) => event !== undefined));
    });
    return () => {
      wanted = false;
    };
  }, [client, room, ids]);
  return events;
}
