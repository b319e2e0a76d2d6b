import { useState } from "react";
import { useTranslations } from "use-intl";

import { forgetKept, signOut } from "../../../matrix/account.ts";
import { useAct } from "../../../app/useAct.ts";
import { useRunning } from "../../../matrix/RunningProvider.tsx";
import { withUia } from "../../../matrix/uia.ts";
import { Button } from "../../../ui/Button.tsx";
import { ConfirmModal } from "../../../ui/ConfirmModal.tsx";
import { askUser } from "../../auth/uiaPrompt.ts";
import { useSecurityState } from "../../security/useSecurityState.ts";
import { Group } from "../Group.tsx";
import styles from "../Settings.module.css";
import { Deactivate } from "./Deactivate.tsx";
import { PasswordForm } from "./PasswordForm.tsx";

export default function AccountSettings() {
  const t = useTranslations("settings.account");
  const running = useRunning();
  const { client } = running;
  const { act } = useAct();
  const security = useSecurityState();
  const [asking, setAsking] = useState<"signOut" | "deactivate">();
  const deactivate = (erase: boolean): void =>
    void act(async () => {
      await withUia((auth) => client.deactivateAccount(auth ?? undefined, erase), askUser);
      client.stopClient();
      await forgetKept();
    });
  return (
    <>
      <Group title={t("password")}>
        <PasswordForm />
      </Group>
      <Group title={t("signOut")} text={t("signOutText")}>
        <div className={styles.row}>
          <Button onPress={() => setAsking("signOut")}>{t("signOut")}</Button>
        </div>
      </Group>
      <Group title={t("deactivate")} text={t("deactivateText")}>
        <div className={styles.row}>
          <Button look="danger" onPress={() => setAsking("deactivate")}>
            {t("deactivate")}
          </Button>
        </div>
      </Group>
      {asking === "signOut" && (
        <ConfirmModal
          title={t("signOut")}
          text={security === "ready" ? t("signOutSafe") : t("signOutUnsafe")}
          action={t("signOut")}
          danger={security !== "ready"}
          onClose={() => setAsking(undefined)}
          onConfirm={() => void signOut(running)}
        />
      )}
      {asking === "deactivate" && <Deactivate onClose={() => setAsking(undefined)} onConfirm={deactivate} />}
    </>
  );
}
