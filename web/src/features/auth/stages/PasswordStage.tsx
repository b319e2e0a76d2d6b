import { AuthType } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { PasswordField } from "../../../ui/PasswordField.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import type { StageProps } from "./stage.ts";

export function PasswordStage({ challenge, answer, userId }: StageProps) {
  const t = useTranslations("auth.uia");
  const [password, setPassword] = useState("");
  const submit = (): void =>
    answer({
      type: AuthType.Password,
      session: challenge.session,
      identifier: { type: "m.id.user", user: userId },
      password,
    });
  return (
    <SubmitForm action={t("continue")} onSubmit={submit}>
      <p>{t("passwordWhy")}</p>
      <PasswordField
        label={t("password")}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        error={challenge.error === undefined ? undefined : t("wrongPassword")}
        autoFocus
      />
    </SubmitForm>
  );
}
