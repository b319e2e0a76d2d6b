import { Direction, type Room } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { useRoomNavigation } from "./useRoomNavigation.ts";

/** Goes to the first message of a day. */
export function JumpToDate({ room, onClose }: { room: Room; onClose: () => void }) {
  const t = useTranslations("room.jump");
  const client = useClient();
  const { open } = useRoomNavigation();
  const { act, busy } = useAct();
  const [day, setDay] = useState("");
  const jump = (): void =>
    void act(async () => {
      const { event_id } = await client.timestampToEvent(
        room.roomId,
        new Date(`${day}T00:00`).getTime(),
        Direction.Forward,
      );
      onClose();
      open({ event: event_id });
    });
  return (
    <Modal title={t("title")} onClose={onClose}>
      <SubmitForm action={t("action")} busy={busy} isDisabled={day === ""} onSubmit={jump}>
        <TextField label={t("day")} type="date" value={day} onChange={setDay} autoFocus />
      </SubmitForm>
    </Modal>
  );
}
