import { VerificationPhase, type VerificationRequest } from "matrix-js-sdk/lib/crypto-api";
import { useEffect } from "react";
import { useTranslations } from "use-intl";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { restoreMessages } from "../../../matrix/security.ts";
import { Banner } from "../../../ui/Banner.tsx";
import { Button } from "../../../ui/Button.tsx";
import styles from "./verification.module.css";

interface Props {
  request: VerificationRequest;
  onClose: () => void;
}

export function Ended({ request, onClose }: Props) {
  const t = useTranslations("security.verify");
  const client = useClient();
  const done = request.phase === VerificationPhase.Done;
  const gotKeys = done && request.isSelfVerification;

  useEffect(() => {
    if (gotKeys) {
      restoreMessages(client).catch(() => undefined); // keys may still be on their way; the SDK goes on by itself
    }
  }, [client, gotKeys]);

  return (
    <>
      {done ? (
        <Banner tone="good">
          {request.isSelfVerification ? t("doneSession") : t("donePerson", { user: request.otherUserId })}
        </Banner>
      ) : (
        <Banner tone={request.cancellationCode === "m.user" ? "plain" : "bad"}>
          {request.cancellationCode === "m.user" ? t("cancelled") : t("failed")}
        </Banner>
      )}
      <div className={styles.choices}>
        <Button look="primary" onPress={onClose}>
          {t("close")}
        </Button>
      </div>
    </>
  );
}
