import { type Room, ThreadEvent } from "matrix-js-sdk";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { sameItems, useEmitted } from "../../matrix/useEmitted.ts";
import { Notice } from "../../ui/Notice.tsx";
import { Spinner } from "../../ui/Spinner.tsx";
import { MessageList } from "./MessageList.tsx";
import { SidePane } from "./SidePane.tsx";
import { useRoomNavigation } from "./useRoomNavigation.ts";

const events = [ThreadEvent.New, ThreadEvent.Update] as const;

/** All threads of a room, the one with the latest answer first. */
export default function Threads({ room }: { room: Room }) {
  const t = useTranslations("room");
  const timeline = useTranslations("timeline");
  const { open } = useRoomNavigation();
  const [loading, setLoading] = useState(true);
  const threads = useEmitted(room, events, () => sortedThreads(room), sameItems);
  useEffect(() => {
    let wanted = true;
    const load = async (): Promise<void> => {
      await room.createThreadsTimelineSets();
      await room.fetchRoomThreads();
    };
    void load()
      .catch(() => undefined)
      .then(() => wanted && setLoading(false));
    return () => {
      wanted = false;
    };
  }, [room]);
  const roots = threads.flatMap(({ rootEvent }) => (rootEvent ? [rootEvent] : []));
  return (
    <SidePane title={t("threads")}>
      {roots.length === 0 &&
        (loading ? (
          <Spinner label={t("loadingThread")} />
        ) : (
          <Notice title={t("noThreads")} text={t("noThreadsText")} />
        ))}
      <MessageList
        label={t("threads")}
        events={roots}
        onPick={(event) => open({ pane: "thread", thread: event.getId() })}
        note={(event) => timeline("replies", { count: event.getThread()?.length ?? 0 })}
      />
    </SidePane>
  );
}

function sortedThreads(room: Room) {
  return room.getThreads().sort((a, b) => (b.replyToEvent?.getTs() ?? 0) - (a.replyToEvent?.getTs() ?? 0));
}
