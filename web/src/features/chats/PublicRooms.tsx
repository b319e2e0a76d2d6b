import type { IPublicRoomsChunkRoom } from "matrix-js-sdk";
import { useCallback, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { roomPath } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { RoomCard } from "./RoomCard.tsx";

const pageSize = 30;
const afterMs = 250;

interface Page {
  rooms: readonly IPublicRoomsChunkRoom[];
  next: string | undefined;
}

/** The rooms that everybody may join. */
export default function PublicRooms({ onClose }: { onClose: () => void }) {
  const t = useTranslations("chats.publicRooms");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act, busy } = useAct();
  const [words, setWords] = useState("");
  const [page, setPage] = useState<Page>();

  const load = useCallback(
    async (since?: string): Promise<Page> => {
      const filter = words.trim() === "" ? {} : { filter: { generic_search_term: words.trim() } };
      const { chunk, next_batch } = await client.publicRooms({
        limit: pageSize,
        ...filter,
        ...(since !== undefined && { since }),
      });
      return { rooms: chunk, next: next_batch };
    },
    [client, words],
  );
  useEffect(() => {
    let wanted = true;
    const timer = setTimeout(() => {
      void act(async () => {
        const first = await load();
        if (wanted) setPage(first);
      });
    }, afterMs);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [act, load]);

  const more = (): void =>
    void act(async () => {
      const next = await load(page?.next);
      setPage({ rooms: [...(page?.rooms ?? []), ...next.rooms], next: next.next });
    });
  return (
    <Modal title={t("title")} onClose={onClose}>
      <TextField label={t("search")} value={words} onChange={setWords} autoFocus />
      <ul aria-label={t("title")}>
        {page?.rooms.map((room) => (
          <li key={room.room_id}>
            <RoomCard
              room={room}
              onPress={() => {
                onClose();
                navigate(roomPath(room.canonical_alias ?? room.room_id));
              }}
            />
          </li>
        ))}
      </ul>
      {page?.rooms.length === 0 && <p>{t("none")}</p>}
      {page?.next !== undefined && (
        <Button isPending={busy} onPress={more}>
          {t("more")}
        </Button>
      )}
    </Modal>
  );
}
