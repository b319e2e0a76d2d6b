import { Copy, Download, QrCode as QrIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { saveText } from "../../../app/saveText.ts";
import { tell } from "../../../app/toasts.ts";
import { Button } from "../../../ui/Button.tsx";
import { QrCode } from "../../../ui/QrCode.tsx";
import styles from "./RecoveryKeyCard.module.css";

interface Props {
  recoveryKey: string;
  userId: string;
}

/** The recovery key, and ways to keep it. */
export function RecoveryKeyCard({ recoveryKey, userId }: Props) {
  const t = useTranslations("security.recovery");
  const common = useTranslations("common");
  const [asCode, setAsCode] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(recoveryKey);
    tell(common("copied"));
  };
  return (
    <div className={styles.card}>
      <p className={styles.key} data-testid="recovery-key">
        {recoveryKey}
      </p>
      {asCode && <QrCode content={recoveryKey} label={t("code")} />}
      <div className={styles.ways}>
        <Button onPress={() => void copy()}>
          <Copy size={18} aria-hidden />
          {common("copy")}
        </Button>
        <Button onPress={() => saveText("bongsu-recovery-key.txt", t("file", { user: userId, key: recoveryKey }))}>
          <Download size={18} aria-hidden />
          {t("download")}
        </Button>
        <Button onPress={() => setAsCode(!asCode)} aria-expanded={asCode}>
          <QrIcon size={18} aria-hidden />
          {t("showCode")}
        </Button>
      </div>
    </div>
  );
}
