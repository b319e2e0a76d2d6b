import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { Button } from "../../ui/Button.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { QrScanner } from "../../ui/QrScanner.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { parsePermalink, permalinkPath } from "../room/permalinks.ts";

/** Goes to a person or a room by a link, an address or a QR code. */
export default function JoinByLink({ onClose }: { onClose: () => void }) {
  const t = useTranslations("chats.join");
  const [, navigate] = useLocation();
  const [text, setText] = useState("");
  const [scanning, setScanning] = useState(false);
  const [unknown, setUnknown] = useState(false);
  const go = useCallback(
    (found: string): void => {
      const link = parsePermalink(found);
      setUnknown(!link);
      setScanning(false);
      if (!link) return;
      onClose();
      navigate(permalinkPath(link));
    },
    [navigate, onClose],
  );
  const goToScanned = useCallback((bytes: Uint8Array) => go(new TextDecoder().decode(bytes)), [go]);
  return (
    <Modal title={t("title")} onClose={onClose}>
      <SubmitForm action={t("action")} isDisabled={text.trim() === ""} onSubmit={() => go(text)}>
        <TextField
          label={t("label")}
          description={t("help")}
          error={unknown ? t("unknown") : undefined}
          value={text}
          onChange={setText}
          autoFocus
        />
      </SubmitForm>
      {scanning ? (
        <QrScanner label={t("camera")} onScan={goToScanned} />
      ) : (
        <Button onPress={() => setScanning(true)}>{t("scan")}</Button>
      )}
    </Modal>
  );
}
