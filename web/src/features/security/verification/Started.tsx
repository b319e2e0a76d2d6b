import {
  type ShowQrCodeCallbacks,
  type ShowSasCallbacks,
  type Verifier,
  VerifierEvent,
} from "matrix-js-sdk/lib/crypto-api";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { useEmitted } from "../../../matrix/useEmitted.ts";
import { Button } from "../../../ui/Button.tsx";
import { Spinner } from "../../../ui/Spinner.tsx";
import { Emoji } from "./Emoji.tsx";
import styles from "./verification.module.css";

const verifierEvents = [VerifierEvent.ShowSas, VerifierEvent.ShowReciprocateQr] as const;

/** A method was chosen: the two compare what they see. */
export function Started({ verifier }: { verifier: Verifier }) {
  const t = useTranslations("security.verify");
  const sas = useEmitted(verifier, verifierEvents, () => verifier.getShowSasCallbacks());
  const qr = useEmitted(verifier, verifierEvents, () => verifier.getReciprocateQrCodeCallbacks());

  useEffect(() => {
    verifier.verify().catch(() => undefined); // its end is the request's end, which is shown
  }, [verifier]);

  if (sas !== null) {
    return <Compare key="sas" sas={sas} />;
  }
  if (qr !== null) {
    return <Scanned qr={qr} />;
  }
  return (
    <div className={styles.middle}>
      <Spinner label={t("waiting")} />
    </div>
  );
}

function Compare({ sas }: { sas: ShowSasCallbacks }) {
  const t = useTranslations("security.verify");
  const [confirmed, setConfirmed] = useState(false);
  const confirm = (): void => {
    setConfirmed(true);
    void sas.confirm();
  };
  return (
    <>
      <p>{t("compareHint")}</p>
      <Emoji sas={sas.sas} />
      {confirmed ? (
        <p role="status">{t("waitingOther")}</p>
      ) : (
        <div className={styles.choices}>
          <Button look="danger" onPress={() => sas.mismatch()}>
            {t("different")}
          </Button>
          <Button look="primary" onPress={confirm}>
            {t("same")}
          </Button>
        </div>
      )}
    </>
  );
}

/** The other side has scanned the code that is shown here, and says that it fits. */
function Scanned({ qr }: { qr: ShowQrCodeCallbacks }) {
  const t = useTranslations("security.verify");
  return (
    <>
      <p>{t("scannedHint")}</p>
      <div className={styles.choices}>
        <Button look="danger" onPress={() => qr.cancel()}>
          {t("notScanned")}
        </Button>
        <Button look="primary" onPress={() => qr.confirm()}>
          {t("scanned")}
        </Button>
      </div>
    </>
  );
}
