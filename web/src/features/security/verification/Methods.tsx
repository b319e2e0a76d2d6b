import type { VerificationRequest } from "matrix-js-sdk/lib/crypto-api";
import { VerificationMethod } from "matrix-js-sdk/lib/types";
import { Camera, Smile } from "lucide-react";
import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useLoaded } from "../../../app/useLoaded.ts";
import { Button } from "../../../ui/Button.tsx";
import { QrCode } from "../../../ui/QrCode.tsx";
import { QrScanner } from "../../../ui/QrScanner.tsx";
import styles from "./verification.module.css";

/** Both sides are there: by a code that one shows and the other scans, or by comparing emoji. */
export function Methods({ request }: { request: VerificationRequest }) {
  const t = useTranslations("security.verify");
  const { act, busy } = useAct();
  const [scanning, setScanning] = useState(false);
  const code = useLoaded(useCallback(() => request.generateQRCode(), [request]));
  const scanned = useCallback(
    (bytes: Uint8Array) =>
      void act(async () => {
        const verifier = await request.scanQRCode(new Uint8ClampedArray(bytes));
        await verifier.verify();
      }),
    [act, request],
  );

  if (scanning) {
    return (
      <>
        <p>{t("scanHint")}</p>
        <QrScanner label={t("scan")} onScan={scanned} />
        <Button onPress={() => setScanning(false)}>{t("otherWay")}</Button>
      </>
    );
  }
  return (
    <>
      {code !== undefined && (
        <>
          <p>{t("showHint")}</p>
          <QrCode content={code} label={t("code")} />
        </>
      )}
      <div className={styles.choices}>
        {request.otherPartySupportsMethod(VerificationMethod.ShowQrCode) && (
          <Button onPress={() => setScanning(true)}>
            <Camera size={18} aria-hidden />
            {t("scan")}
          </Button>
        )}
        <Button
          look="primary"
          isPending={busy}
          onPress={() => void act(() => request.startVerification(VerificationMethod.Sas))}
        >
          <Smile size={18} aria-hidden />
          {t("byEmoji")}
        </Button>
      </div>
    </>
  );
}
