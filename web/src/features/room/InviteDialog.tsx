import { JoinRule, type Room } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { tell } from "../../app/toasts.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { PeoplePicker } from "../people/PeoplePicker.tsx";
import { ShareDialog } from "../people/ShareDialog.tsx";
import type { Person } from "../people/usePeople.ts";
import { roomLink } from "./permalinks.ts";
import { viaServers } from "./viaServers.ts";

/** Invites people by name, or shows the link and the QR code of the room. */
export function InviteDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const t = useTranslations("room.invite");
  const client = useClient();
  const { act, busy } = useAct();
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [sharing, setSharing] = useState(false);
  const present = new Set(
    room
      .getMembers()
      .filter(({ membership }) => membership === "join" || membership === "invite")
      .map(({ userId }) => userId),
  );

  const invite = (): void =>
    void act(async () => {
      for (const { userId } of people) await client.invite(room.roomId, userId);
      tell(t("done", { count: people.length }));
      onClose();
    });
  if (sharing) {
    const link = roomLink(room.getCanonicalAlias() ?? room.roomId, viaServers(room));
    const text = room.getJoinRule() === JoinRule.Invite ? t("linkInviteOnly") : t("linkText");
    return <ShareDialog title={t("link")} text={text} link={link} onClose={onClose} />;
  }
  return (
    <Modal
      title={t("title", { name: room.name })}
      onClose={onClose}
      footer={
        <>
          <Button onPress={() => setSharing(true)}>{t("link")}</Button>
          <Button look="primary" isDisabled={people.length === 0} isPending={busy} onPress={invite}>
            {t("action")}
          </Button>
        </>
      }
    >
      <PeoplePicker chosen={people} onChange={setPeople} without={present} />
    </Modal>
  );
}
