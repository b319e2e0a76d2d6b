import { useTranslations } from "use-intl";

import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { securityTask } from "../security/task.ts";
import { useSecurityState } from "../security/useSecurityState.ts";
import { Group } from "./Group.tsx";
import styles from "./Settings.module.css";

export default function SecuritySettings() {
  const t = useTranslations("settings.security");
  const state = useSecurityState();
  if (state === undefined) {
    return null;
  }
  return (
    <>
      <Group>
        <Banner tone={state === "ready" ? "good" : "warn"}>{t(`state.${state}`)}</Banner>
        {state === "locked" && (
          <div className={styles.row}>
            <Button look="primary" onPress={() => securityTask.set("unlock")}>
              {t("unlock")}
            </Button>
          </div>
        )}
      </Group>
      {state !== "locked" && (
        <Group title={t("recoveryKey")} text={t("recoveryKeyText")}>
          <div className={styles.row}>
            <Button onPress={() => securityTask.set("setUp")}>{state === "ready" ? t("newKey") : t("makeKey")}</Button>
          </div>
        </Group>
      )}
      <Group title={t("reset")} text={t("resetText")}>
        <div className={styles.row}>
          <Button look="danger" onPress={() => securityTask.set("askReset")}>
            {t("reset")}
          </Button>
        </div>
      </Group>
    </>
  );
}
