import { LockKeyhole } from "lucide-react";
import { DecryptionFailureCode } from "matrix-js-sdk/lib/crypto-api";
import { useTranslations } from "use-intl";

import styles from "./Body.module.css";

type Explanation = "noKeyYet" | "beforeDevice" | "beforeJoined" | "withheld" | "unverifiedDevice" | "identityChanged";

const explanations: Partial<Record<DecryptionFailureCode, Explanation>> = {
  [DecryptionFailureCode.HISTORICAL_MESSAGE_NO_KEY_BACKUP]: "beforeDevice",
  [DecryptionFailureCode.HISTORICAL_MESSAGE_BACKUP_UNCONFIGURED]: "beforeDevice",
  [DecryptionFailureCode.HISTORICAL_MESSAGE_WORKING_BACKUP]: "beforeDevice",
  [DecryptionFailureCode.HISTORICAL_MESSAGE_USER_NOT_JOINED]: "beforeJoined",
  [DecryptionFailureCode.MEGOLM_KEY_WITHHELD]: "withheld",
  [DecryptionFailureCode.MEGOLM_KEY_WITHHELD_FOR_UNVERIFIED_DEVICE]: "unverifiedDevice",
  [DecryptionFailureCode.SENDER_IDENTITY_PREVIOUSLY_VERIFIED]: "identityChanged",
};

/** Says why a message cannot be read, and what can be done about it. */
export function Undecryptable({ reason }: { reason: DecryptionFailureCode | null }) {
  const t = useTranslations("timeline.undecryptable");
  return (
    <p className={styles.muted}>
      <LockKeyhole size={16} aria-hidden />
      {t((reason && explanations[reason]) ?? "noKeyYet")}
    </p>
  );
}
