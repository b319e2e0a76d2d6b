import { Ellipsis, LogOut, Pencil, ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useFormatter, useNow, useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { mustCrypto } from "../../../matrix/security.ts";
import { Button } from "../../../ui/Button.tsx";
import { Menu, MenuItem } from "../../../ui/Menu.tsx";
import { beginVerification } from "../../security/verification/current.ts";
import { RenameSession } from "./RenameSession.tsx";
import styles from "./SessionRow.module.css";
import type { SessionInfo } from "./useSessions.ts";

interface Props {
  session: SessionInfo;
  onEnd: () => void;
  onChange: () => void;
}

export function SessionRow({ session, onEnd, onChange }: Props) {
  const t = useTranslations("settings.sessions");
  const client = useClient();
  const { act } = useAct();
  const [renaming, setRenaming] = useState(false);
  const verify = (): void =>
    void act(() =>
      beginVerification(() => mustCrypto(client).requestDeviceVerification(client.getSafeUserId(), session.deviceId)),
    );
  const trigger = (
    <Button icon look="quiet" aria-label={t("more", { name: session.name })}>
      <Ellipsis size={20} aria-hidden />
    </Button>
  );
  return (
    <li className={styles.row}>
      <div className={styles.words}>
        <strong>{session.name}</strong>
        <Trust session={session} />
        <LastSeen session={session} />
      </div>
      {!session.own && !session.verified && session.encrypts && <Button onPress={verify}>{t("verify")}</Button>}
      <Menu trigger={trigger} label={session.name}>
        <MenuItem icon={Pencil} onAction={() => setRenaming(true)}>
          {t("rename")}
        </MenuItem>
        {!session.own && (
          <MenuItem icon={LogOut} danger onAction={onEnd}>
            {t("end")}
          </MenuItem>
        )}
      </Menu>
      {renaming && <RenameSession session={session} onClose={() => setRenaming(false)} onChange={onChange} />}
    </li>
  );
}

function Trust({ session: { verified, encrypts } }: Pick<Props, "session">) {
  const t = useTranslations("settings.sessions");
  const Icon = verified ? ShieldCheck : ShieldAlert;
  return (
    <span className={styles.trust} data-verified={verified}>
      <Icon size={16} aria-hidden />
      {verified ? t("verified") : encrypts ? t("notVerified") : t("noKeys")}
    </span>
  );
}

function LastSeen({ session: { own, lastSeen } }: Pick<Props, "session">) {
  const t = useTranslations("settings.sessions");
  const format = useFormatter();
  const now = useNow();
  const text = own
    ? t("thisSession")
    : lastSeen !== undefined && t("lastSeen", { when: format.relativeTime(lastSeen, now) });
  return <span className={styles.seen}>{text}</span>;
}
