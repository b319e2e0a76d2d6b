import type { MatrixEvent } from "matrix-js-sdk";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { ConfirmModal } from "../../../ui/ConfirmModal.tsx";
import { useConversation } from "../model/conversation.tsx";

export default function DeleteDialog({ event, onClose }: { event: MatrixEvent; onClose: () => void }) {
  const t = useTranslations("timeline.deleteDialog");
  const client = useClient();
  const { room } = useConversation();
  const { act } = useAct();
  return (
    <ConfirmModal
      title={t("title")}
      text={t("text")}
      action={t("action")}
      danger
      onClose={onClose}
      onConfirm={() => void act(() => client.redactEvent(room.roomId, event.getId() ?? ""))}
    />
  );
}
