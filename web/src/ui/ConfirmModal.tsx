import { useTranslations } from "use-intl";

import { Button } from "./Button.tsx";
import { Modal } from "./Modal.tsx";

interface Props {
  title: string;
  text: string;
  /** What the button that goes on says. */
  action: string;
  danger?: boolean;
  onClose: () => void;
  onConfirm: () => void;
}

/** Asks before something that cannot be undone. */
export function ConfirmModal({ title, text, action, danger = false, onClose, onConfirm }: Props) {
  const t = useTranslations("common");
  const confirm = (): void => {
    onClose();
    onConfirm();
  };
  return (
    <Modal
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t("cancel")}</Button>
          <Button look={danger ? "danger" : "primary"} onPress={confirm}>
            {action}
          </Button>
        </>
      }
    >
      <p>{text}</p>
    </Modal>
  );
}
