import type { MatrixEvent } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { tell } from "../../../app/toasts.ts";
import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { Modal } from "../../../ui/Modal.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { TextField } from "../../../ui/TextField.tsx";
import { useConversation } from "../model/conversation.tsx";

export default function ReportDialog({ event, onClose }: { event: MatrixEvent; onClose: () => void }) {
  const t = useTranslations("timeline.reportDialog");
  const client = useClient();
  const { room } = useConversation();
  const { act, busy } = useAct();
  const [reason, setReason] = useState("");
  const report = async (): Promise<void> => {
    // Client-Server API, 11.33: -100 is the most offensive.
    if (!(await act(() => client.reportEvent(room.roomId, event.getId() ?? "", -100, reason)))) return;
    tell(t("done"));
    onClose();
  };
  return (
    <Modal title={t("title")} onClose={onClose}>
      <p>{room.hasEncryptionStateEvent() ? t("textEncrypted") : t("text")}</p>
      <SubmitForm action={t("action")} busy={busy} onSubmit={() => void report()}>
        <TextField label={t("reason")} value={reason} onChange={setReason} lines={3} autoFocus />
      </SubmitForm>
    </Modal>
  );
}
