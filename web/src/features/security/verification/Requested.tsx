import type { VerificationRequest } from "matrix-js-sdk/lib/crypto-api";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { Button } from "../../../ui/Button.tsx";
import { Spinner } from "../../../ui/Spinner.tsx";
import styles from "./verification.module.css";

interface Props {
  request: VerificationRequest;
  onClose: () => void;
}

/** Asked, and not yet answered. */
export function Requested({ request, onClose }: Props) {
  const t = useTranslations("security.verify");
  const { act, busy } = useAct();
  if (request.initiatedByMe) {
    return (
      <div className={styles.middle}>
        <Spinner label={t("waiting")} />
        <p>{request.isSelfVerification ? t("waitingSession") : t("waitingPerson", { user: request.otherUserId })}</p>
      </div>
    );
  }
  return (
    <>
      <p>{request.isSelfVerification ? t("askedSession") : t("askedPerson", { user: request.otherUserId })}</p>
      <div className={styles.choices}>
        <Button onPress={onClose}>{t("decline")}</Button>
        <Button look="primary" isPending={busy} onPress={() => void act(() => request.accept())}>
          {t("accept")}
        </Button>
      </div>
    </>
  );
}
