import { ClientEvent } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { sameItems, useEmitted } from "../../../matrix/useEmitted.ts";
import { Button } from "../../../ui/Button.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { TextField } from "../../../ui/TextField.tsx";
import { Group } from "../Group.tsx";
import styles from "../Settings.module.css";

const events = [ClientEvent.AccountData] as const;
const userId = /^@[^:\s]+:\S+$/;

export default function Blocked() {
  const t = useTranslations("settings.blocked");
  const client = useClient();
  const { act, busy } = useAct();
  const [name, setName] = useState("");
  const blocked = useEmitted(client, events, () => client.getIgnoredUsers(), sameItems);
  const set = (users: string[]): Promise<boolean> => act(() => client.setIgnoredUsers(users));
  const add = async (): Promise<void> => {
    if (await set([...new Set([...blocked, name.trim()])])) {
      setName("");
    }
  };
  return (
    <>
      <Group text={t("text")}>
        <ul>
          {blocked.map((user) => (
            <li key={user} className={styles.row}>
              <span className={styles.grow}>{user}</span>
              <Button look="quiet" onPress={() => void set(blocked.filter((other) => other !== user))}>
                {t("unblock")}
              </Button>
            </li>
          ))}
        </ul>
        {blocked.length === 0 && <p className={styles.muted}>{t("none")}</p>}
      </Group>
      <Group>
        <SubmitForm action={t("block")} onSubmit={() => void add()} busy={busy} isDisabled={!userId.test(name.trim())}>
          <TextField
            label={t("userId")}
            value={name}
            onChange={setName}
            placeholder="@name:example.org"
            autoCapitalize="none"
            autoComplete="off"
          />
        </SubmitForm>
      </Group>
    </>
  );
}
