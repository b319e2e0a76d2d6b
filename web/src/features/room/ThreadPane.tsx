import { type Room, ThreadEvent } from "matrix-js-sdk";
import { useEffect } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { useEmitted } from "../../matrix/useEmitted.ts";
import { Spinner } from "../../ui/Spinner.tsx";
import { ConversationView } from "../timeline/view/ConversationView.tsx";
import { SidePane } from "./SidePane.tsx";

const events = [ThreadEvent.New, ThreadEvent.Update] as const;

interface Props {
  room: Room;
  threadId: string;
  focus: string | undefined;
}

/** A thread, beside its room. */
export default function ThreadPane({ room, threadId, focus }: Props) {
  const t = useTranslations("room");
  const thread = useEmitted(room, events, () => room.getThread(threadId));
  useThread(room, threadId, thread !== null);
  return (
    <SidePane title={t("thread")} bare>
      {thread ? (
        <ConversationView key={threadId} room={room} threadId={threadId} focus={focus} />
      ) : (
        <Spinner label={t("loadingThread")} />
      )}
    </SidePane>
  );
}

/** Begins the thread in the SDK when it does not know it yet: an old one, or one that is only being begun. */
function useThread(room: Room, threadId: string, known: boolean): void {
  const client = useClient();
  const { act } = useAct();
  useEffect(() => {
    if (known) return;
    void act(async () => {
      const root =
        room.findEventById(threadId) ?? client.getEventMapper()(await client.fetchRoomEvent(room.roomId, threadId));
      await client.decryptEventIfNeeded(root);
      room.createThread(threadId, root, [], false);
    });
  }, [act, client, room, threadId, known]);
}
