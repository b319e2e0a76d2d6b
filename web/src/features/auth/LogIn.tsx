import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";

import { routes } from "../../app/routes.ts";
import { useLoaded } from "../../app/useLoaded.ts";
import { signIn } from "../../matrix/account.ts";
import { logInWithPassword, loginWays } from "../../matrix/login.ts";
import { Link } from "../../ui/Link.tsx";
import { PasswordField } from "../../ui/PasswordField.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { OtherWays } from "./OtherWays.tsx";
import { ServerChoice, type ServerChoiceProps } from "./ServerChoice.tsx";
import { useLoginAttempt } from "./useLoginAttempt.ts";

export function LogIn({ server, onServerChange }: ServerChoiceProps) {
  const t = useTranslations("auth");
  const ways = useLoaded(useCallback(() => loginWays(server), [server]));
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const { attempt, busy, error } = useLoginAttempt();
  const submit = (): void => void attempt(async () => signIn(await logInWithPassword(server, user.trim(), password)));

  return (
    <>
      <ServerChoice server={server} onServerChange={onServerChange} />
      {ways?.password !== false && (
        <SubmitForm action={t("logIn")} onSubmit={submit} busy={busy}>
          <TextField
            label={t("userName")}
            value={user}
            onChange={setUser}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck="false"
            isRequired
            autoFocus
          />
          <PasswordField
            label={t("password")}
            value={password}
            onChange={setPassword}
            name="password"
            autoComplete="current-password"
            error={error}
          />
        </SubmitForm>
      )}
      {ways !== undefined && <OtherWays server={server} ways={ways} purpose="login" />}
      <p>
        {t("noAccount")} <Link href={routes.signUp}>{t("signUp")}</Link>
      </p>
    </>
  );
}
