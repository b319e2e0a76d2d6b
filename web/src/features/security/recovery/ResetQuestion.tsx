import { useTranslations } from "use-intl";

import { Button } from "../../../ui/Button.tsx";
import { Modal } from "../../../ui/Modal.tsx";

interface Props {
  onClose: () => void;
  onConfirm: () => void;
}

export function ResetQuestion({ onClose, onConfirm }: Props) {
  const t = useTranslations("security.reset");
  const common = useTranslations("common");
  return (
    <Modal
      title={t("title")}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{common("cancel")}</Button>
          <Button look="danger" onPress={onConfirm}>
            {t("action")}
          </Button>
        </>
      }
    >
      <p>{t("text")}</p>
    </Modal>
  );
}
