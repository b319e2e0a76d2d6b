import { useState } from "react";
import { useTranslations } from "use-intl";

import { findServer, type FoundServer } from "../../matrix/discovery.ts";
import { Button } from "../../ui/Button.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { TextField } from "../../ui/TextField.tsx";
import styles from "./ServerChoice.module.css";

export interface ServerChoiceProps {
  server: FoundServer;
  onServerChange: (server: FoundServer) => void;
}

/** Says which server this is about, and lets another one be chosen. */
export function ServerChoice({ server, onServerChange }: ServerChoiceProps) {
  const t = useTranslations("auth");
  const [changing, setChanging] = useState(false);
  if (changing) {
    const chosen = (found: FoundServer): void => {
      onServerChange(found);
      setChanging(false);
    };
    return <OtherServer onChosen={chosen} />;
  }
  return (
    <div className={styles.choice}>
      <span>{t.rich("onServer", { host: hostOf(server), b: (text) => <strong>{text}</strong> })}</span>
      <Button look="quiet" onPress={() => setChanging(true)}>
        {t("otherServer")}
      </Button>
    </div>
  );
}

function OtherServer({ onChosen }: { onChosen: (server: FoundServer) => void }) {
  const t = useTranslations("auth");
  const [name, setName] = useState("");
  const [state, setState] = useState<"ready" | "looking" | "none">("ready");
  const look = (): void => {
    setState("looking");
    findServer(name).then(onChosen, () => setState("none"));
  };
  return (
    <SubmitForm action={t("useServer")} onSubmit={look} busy={state === "looking"}>
      <TextField
        label={t("serverName")}
        value={name}
        onChange={setName}
        placeholder="example.org"
        error={state === "none" ? t("noServer") : undefined}
        isRequired
        autoFocus
      />
    </SubmitForm>
  );
}

function hostOf({ baseUrls: [baseUrl = ""] }: FoundServer): string {
  return new URL(baseUrl).host;
}
