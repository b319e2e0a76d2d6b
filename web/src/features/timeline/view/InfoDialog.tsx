import type { MatrixEvent } from "matrix-js-sdk";
import { EventShieldColour, type EventEncryptionInfo } from "matrix-js-sdk/lib/crypto-api";
import { useEffect, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { Modal } from "../../../ui/Modal.tsx";
import { useConversation } from "../model/conversation.tsx";
import styles from "./InfoDialog.module.css";

/** What is known of a message: when it came, how it was protected, who has read it. */
export default function InfoDialog({ event, onClose }: { event: MatrixEvent; onClose: () => void }) {
  const t = useTranslations("timeline.infoDialog");
  const format = useFormatter();
  const { room } = useConversation();
  const protection = useProtection(event);
  const edited = event.replacingEventDate();
  const readers = room
    .getJoinedMembers()
    .filter(({ userId }) => userId !== event.getSender() && room.hasUserReadEvent(userId, event.getId() ?? ""));
  const rows: [string, string][] = [
    [t("from"), `${event.sender?.name ?? ""} (${event.getSender() ?? ""})`],
    [t("sent"), format.dateTime(event.getTs(), { dateStyle: "full", timeStyle: "medium" })],
    ...(edited
      ? [[t("edited"), format.dateTime(edited, { dateStyle: "full", timeStyle: "medium" })] as [string, string]]
      : []),
    [t("protection"), t(`protectionIs.${protection}`)],
    [t("readBy"), readers.length > 0 ? format.list(readers.map(({ name }) => name)) : t("nobody")],
    [t("id"), event.getId() ?? ""],
  ];
  return (
    <Modal title={t("title")} onClose={onClose}>
      <dl className={styles.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

type Protection = "none" | "good" | "doubtful" | "bad";

function useProtection(event: MatrixEvent): Protection {
  const client = useClient();
  const [info, setInfo] = useState<EventEncryptionInfo | null>(null);
  useEffect(() => {
    let wanted = true;
    void client
      .getCrypto()
      ?.getEncryptionInfoForEvent(event)
      .then((found) => wanted && setInfo(found));
    return () => {
      wanted = false;
    };
  }, [client, event]);
  if (!event.isEncrypted()) return "none";
  if (info?.shieldColour === EventShieldColour.RED) return "bad";
  return info?.shieldColour === EventShieldColour.GREY ? "doubtful" : "good";
}
