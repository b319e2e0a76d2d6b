import { Camera } from "lucide-react";
import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";

import { tell } from "../../../app/toasts.ts";
import { useErrorText } from "../../../app/useErrorText.ts";
import { useRunning } from "../../../matrix/RunningProvider.tsx";
import { recover, WrongRecoveryKeyError } from "../../../matrix/security.ts";
import { Button } from "../../../ui/Button.tsx";
import { Modal } from "../../../ui/Modal.tsx";
import { PasswordField } from "../../../ui/PasswordField.tsx";
import { QrScanner } from "../../../ui/QrScanner.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";

export function EnterRecoveryKey({ onClose }: { onClose: () => void }) {
  const t = useTranslations("security.unlock");
  const running = useRunning();
  const errorText = useErrorText();
  const [key, setKey] = useState("");
  const [scanning, setScanning] = useState(false);
  const [state, setState] = useState<{ busy: boolean; error?: string }>({ busy: false });
  const scanned = useCallback((bytes: Uint8Array) => {
    setKey(new TextDecoder().decode(bytes));
    setScanning(false);
  }, []);
  const submit = async (): Promise<void> => {
    setState({ busy: true });
    try {
      await recover(running, key);
      tell(t("done"));
      onClose();
    } catch (error) {
      setState({ busy: false, error: error instanceof WrongRecoveryKeyError ? t("wrongKey") : errorText(error) });
    }
  };
  return (
    <Modal title={t("recoveryKey")} onClose={onClose} keepOpen>
      <SubmitForm action={t("open")} onSubmit={() => void submit()} busy={state.busy}>
        <PasswordField
          label={t("enter")}
          value={key}
          onChange={setKey}
          autoComplete="off"
          error={state.error}
          autoFocus
        />
        {scanning ? (
          <QrScanner label={t("scan")} onScan={scanned} />
        ) : (
          <Button onPress={() => setScanning(true)}>
            <Camera size={18} aria-hidden />
            {t("scan")}
          </Button>
        )}
      </SubmitForm>
    </Modal>
  );
}
