import { Direction } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { SidePane } from "../room/SidePane.tsx";
import { useRoomNavigation } from "../room/useRoomNavigation.ts";
import { FoundMessages } from "./FoundMessages.tsx";
import { useSearchResults } from "./useSearchResults.ts";

const pages = 10;
const pageSize = 100;

/** Searches the messages of a room, on the device. */
export default function SearchPane({ roomId }: { roomId: string }) {
  const t = useTranslations("search");
  const client = useClient();
  const { open, place } = useRoomNavigation();
  const { act, busy } = useAct();
  const [words, setWords] = useState("");
  const { found, again } = useSearchResults(words, roomId);
  const room = client.getRoom(roomId);

  // What is fetched is decrypted, and what is decrypted goes into the index.
  const readOlder = (): void =>
    void act(async () => {
      const timeline = room?.getLiveTimeline();
      for (let page = 0; timeline && page < pages; page++) {
        if (timeline.getPaginationToken(Direction.Backward) === null) break;
        await client.paginateEventTimeline(timeline, { backwards: true, limit: pageSize });
      }
      await room?.decryptAllEvents();
      again();
    });
  return (
    <SidePane title={t("title")}>
      <TextField label={t("words")} value={words} onChange={setWords} autoFocus />
      <FoundMessages words={words} messages={found} onPick={({ eventId }) => open({ ...place, event: eventId })} />
      <p>{t("onDevice")}</p>
      <Button isPending={busy} onPress={readOlder}>
        {t("readOlder")}
      </Button>
    </SidePane>
  );
}
