import { KeyRound, MonitorSmartphone } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { mustCrypto } from "../../../matrix/security.ts";
import { Button } from "../../../ui/Button.tsx";
import { Modal } from "../../../ui/Modal.tsx";
import { beginVerification } from "../verification/current.ts";
import { EnterRecoveryKey } from "./EnterRecoveryKey.tsx";
import styles from "./Unlock.module.css";

interface Props {
  onClose: () => void;
  /** The user has neither another session nor the recovery key. */
  onLost: () => void;
}

/** A new session shows that it belongs to the account, and gets the keys of old messages. */
export function Unlock({ onClose, onLost }: Props) {
  const t = useTranslations("security.unlock");
  const client = useClient();
  const { act, busy } = useAct();
  const [entering, setEntering] = useState(false);
  const otherSession = async (): Promise<void> => {
    const begun = await act(() => beginVerification(() => mustCrypto(client).requestOwnUserVerification()));
    if (begun) {
      onClose();
    }
  };
  if (entering) {
    return <EnterRecoveryKey onClose={onClose} />;
  }
  return (
    <Modal title={t("title")} onClose={onClose} keepOpen>
      <p>{t("why")}</p>
      <div className={styles.ways}>
        <Button look="primary" isPending={busy} onPress={() => void otherSession()}>
          <MonitorSmartphone size={18} aria-hidden />
          {t("otherSession")}
        </Button>
        <Button onPress={() => setEntering(true)}>
          <KeyRound size={18} aria-hidden />
          {t("recoveryKey")}
        </Button>
        <Button look="quiet" onPress={onLost}>
          {t("lost")}
        </Button>
        <Button look="quiet" onPress={onClose}>
          {t("later")}
        </Button>
      </div>
    </Modal>
  );
}
