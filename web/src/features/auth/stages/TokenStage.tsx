import { useState } from "react";
import { useTranslations } from "use-intl";

import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { TextField } from "../../../ui/TextField.tsx";
import type { StageProps } from "./stage.ts";

export function TokenStage({ challenge, answer }: StageProps) {
  const t = useTranslations("auth.uia");
  const [token, setToken] = useState("");
  const submit = (): void => answer({ type: challenge.stage, session: challenge.session, token: token.trim() });
  return (
    <SubmitForm action={t("continue")} onSubmit={submit}>
      <p>{t("tokenWhy")}</p>
      <TextField
        label={t("token")}
        value={token}
        onChange={setToken}
        error={challenge.error === undefined ? undefined : t("wrongToken")}
        isRequired
        autoFocus
        autoComplete="off"
      />
    </SubmitForm>
  );
}
