import { EventType, type MatrixEvent } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { tell } from "../../../app/toasts.ts";
import { useAct } from "../../../app/useAct.ts";
import { Modal } from "../../../ui/Modal.tsx";
import { ChatPicker } from "../../chats/ChatPicker.tsx";
import { useMessenger } from "../../messenger/MessengerProvider.tsx";
import { attachmentOf } from "../content/attachment.ts";

/** Sends what a message says to another chat, without saying from where. */
export default function ForwardDialog({ event, onClose }: { event: MatrixEvent; onClose: () => void }) {
  const t = useTranslations("timeline.forwardDialog");
  const { client, outbox, media } = useMessenger();
  const { act } = useAct();
  const [sent, setSent] = useState<ReadonlySet<string>>(new Set());

  const forward = async (roomId: string): Promise<void> => {
    const attachment = attachmentOf(event);
    const entry = {
      txnId: client.makeTxnId(),
      roomId,
      type: EventType.RoomMessage as const,
      content: forwarded(event.getContent()),
      createdAt: Date.now(),
    };
    const done = await act(async () => {
      if (!attachment) return outbox.add(entry);
      // A file goes up again: its new room may be encrypted where the old one was not, or the other way round.
      const file = await media.fetch(attachment.source);
      const { name, source } = attachment;
      const mimetype = source.mimetype ?? file.type;
      return outbox.add({ ...entry, file: { name, mimetype, size: file.size } }, { file });
    });
    if (!done) return;
    setSent(new Set([...sent, roomId]));
    tell(t("done"));
  };
  return (
    <Modal title={t("title")} onClose={onClose}>
      <ChatPicker done={sent} onPick={(roomId) => void forward(roomId)} />
    </Modal>
  );
}

/** What a message says, without to whom and in answer to what. */
function forwarded(content: Record<string, unknown>): Record<string, unknown> {
  const left = new Set(["m.relates_to", "m.new_content", "file", "url"]);
  return { ...Object.fromEntries(Object.entries(content).filter(([key]) => !left.has(key))), "m.mentions": {} };
}
