import { useState } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../../ui/Button.tsx";
import { Modal } from "../../../ui/Modal.tsx";
import { Switch } from "../../../ui/Switch.tsx";

interface Props {
  onClose: () => void;
  onConfirm: (erase: boolean) => void;
}

export function Deactivate({ onClose, onConfirm }: Props) {
  const t = useTranslations("settings.account");
  const common = useTranslations("common");
  const [erase, setErase] = useState(true);
  const confirm = (): void => {
    onClose();
    onConfirm(erase);
  };
  return (
    <Modal
      title={t("deactivateTitle")}
      onClose={onClose}
      keepOpen
      footer={
        <>
          <Button onPress={onClose}>{common("cancel")}</Button>
          <Button look="danger" onPress={confirm}>
            {t("deactivate")}
          </Button>
        </>
      }
    >
      <p>{t("deactivateWarning")}</p>
      <Switch label={t("erase")} description={t("eraseText")} isSelected={erase} onChange={setErase} />
    </Modal>
  );
}
