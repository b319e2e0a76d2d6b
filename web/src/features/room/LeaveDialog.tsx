import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { routes } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { ConfirmModal } from "../../ui/ConfirmModal.tsx";

export function LeaveDialog({ roomId, onClose }: { roomId: string; onClose: () => void }) {
  const t = useTranslations("room.leaveDialog");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act } = useAct();
  const leave = async (): Promise<void> => {
    if (await act(() => client.leave(roomId))) navigate(routes.home);
  };
  return (
    <ConfirmModal
      title={t("title")}
      text={t("text")}
      action={t("action")}
      danger
      onClose={onClose}
      onConfirm={() => void leave()}
    />
  );
}
