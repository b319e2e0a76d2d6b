import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";

import { routes } from "../../app/routes.ts";
import { useLoaded } from "../../app/useLoaded.ts";
import { signIn } from "../../matrix/account.ts";
import { loginWays } from "../../matrix/login.ts";
import { signUp } from "../../matrix/signUp.ts";
import { Link } from "../../ui/Link.tsx";
import { PasswordField } from "../../ui/PasswordField.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { OtherWays } from "./OtherWays.tsx";
import { ServerChoice, type ServerChoiceProps } from "./ServerChoice.tsx";
import { askUser } from "./uiaPrompt.ts";
import { useLoginAttempt } from "./useLoginAttempt.ts";
import { useNameState } from "./useNameState.ts";

const minPassword = 8;

export function SignUp({ server, onServerChange }: ServerChoiceProps) {
  const t = useTranslations("auth");
  const ways = useLoaded(useCallback(() => loginWays(server), [server]));
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const nameState = useNameState(server, name);
  const { attempt, busy, error } = useLoginAttempt();
  const submit = (): void => void attempt(async () => signIn(await signUp(server, name, password, askUser)));

  return (
    <>
      <ServerChoice server={server} onServerChange={onServerChange} />
      <SubmitForm
        action={t("signUp")}
        onSubmit={submit}
        busy={busy}
        isDisabled={nameState === "taken" || nameState === "invalid" || password.length < minPassword}
      >
        <TextField
          label={t("newUserName")}
          value={name}
          onChange={(text) => setName(text.toLowerCase().trim())}
          description={nameState === "free" ? t("nameFree") : t("nameRules")}
          error={nameState === "taken" ? t("nameTaken") : nameState === "invalid" ? t("nameInvalid") : undefined}
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
          autoComplete="new-password"
          description={t("passwordRules", { min: minPassword })}
          error={error}
        />
      </SubmitForm>
      {ways !== undefined && <OtherWays server={server} ways={ways} purpose="create" />}
      <p>
        {t("haveAccount")} <Link href={routes.login}>{t("logIn")}</Link>
      </p>
    </>
  );
}
