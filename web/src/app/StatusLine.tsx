import { ClientEvent, SyncState } from "matrix-js-sdk";
import { CloudOff } from "lucide-react";
import { useTranslations } from "use-intl";

import { useRunning } from "../matrix/RunningProvider.tsx";
import { useEmitted } from "../matrix/useEmitted.ts";
import styles from "./StatusLine.module.css";
import { useObservable } from "./useObservable.ts";

const syncEvents = [ClientEvent.Sync] as const;

/** One calm line while the server is out of reach. Nothing else changes: reading goes on, sends wait. */
export function StatusLine() {
  const t = useTranslations("common.status");
  const { client, entrances } = useRunning();
  const reachability = useObservable(entrances.reachability);
  const syncState = useEmitted(client, syncEvents, () => client.getSyncState());

  const failing = syncState === SyncState.Error || syncState === SyncState.Reconnecting;
  const text =
    reachability === "seeking" ? t("reconnecting") : failing || reachability === "unreached" ? t("offline") : "";
  return (
    <div role="status" className={styles.line} hidden={text === ""}>
      <CloudOff size={16} aria-hidden />
      <span>{text}</span>
    </div>
  );
}
