import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { withUia } from "../../../matrix/uia.ts";
import { Button } from "../../../ui/Button.tsx";
import { ConfirmModal } from "../../../ui/ConfirmModal.tsx";
import { Spinner } from "../../../ui/Spinner.tsx";
import { askUser } from "../../auth/uiaPrompt.ts";
import { Group } from "../Group.tsx";
import styles from "../Settings.module.css";
import { SessionRow } from "./SessionRow.tsx";
import { useSessions } from "./useSessions.ts";

export default function Sessions() {
  const t = useTranslations("settings.sessions");
  const common = useTranslations("common");
  const client = useClient();
  const { act } = useAct();
  const { sessions, again } = useSessions();
  const [leaving, setLeaving] = useState<string[]>();

  if (sessions === undefined) {
    return <Spinner label={common("loading")} />;
  }
  const others = sessions.filter(({ own }) => !own).map(({ deviceId }) => deviceId);
  const end = async (devices: string[]): Promise<void> => {
    await act(() => withUia((auth) => client.deleteMultipleDevices(devices, auth ?? undefined), askUser));
    again();
  };
  return (
    <>
      <Group text={t("text")}>
        <ul className={styles.group}>
          {sessions.map((session) => (
            <SessionRow
              key={session.deviceId}
              session={session}
              onEnd={() => setLeaving([session.deviceId])}
              onChange={again}
            />
          ))}
        </ul>
      </Group>
      {others.length > 1 && (
        <div className={styles.row}>
          <Button look="danger" onPress={() => setLeaving(others)}>
            {t("endOthers")}
          </Button>
        </div>
      )}
      {leaving !== undefined && (
        <ConfirmModal
          title={t("endTitle", { count: leaving.length })}
          text={t("endText")}
          action={t("end")}
          danger
          onClose={() => setLeaving(undefined)}
          onConfirm={() => void end(leaving)}
        />
      )}
    </>
  );
}
