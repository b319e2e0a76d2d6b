import { useState } from "react";
import { useTranslations } from "use-intl";

import { forgetKept, signIn } from "../../matrix/account.ts";
import { logInAgain } from "../../matrix/login.ts";
import type { Session } from "../../matrix/session.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { ConfirmModal } from "../../ui/ConfirmModal.tsx";
import { PasswordField } from "../../ui/PasswordField.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { useLoginAttempt } from "./useLoginAttempt.ts";

/** The server has ended the session for a reason of its own; keys and messages are still here and are used again. */
export function LogInAgain({ session }: { session: Session }) {
  const t = useTranslations("auth");
  const [password, setPassword] = useState("");
  const [leaving, setLeaving] = useState(false);
  const { attempt, busy, error } = useLoginAttempt();
  const submit = (): void => void attempt(async () => signIn(await logInAgain(session, password)));
  return (
    <>
      <Banner>{t("softLogout", { user: session.userId })}</Banner>
      <SubmitForm action={t("logIn")} onSubmit={submit} busy={busy}>
        <PasswordField
          label={t("password")}
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          error={error}
          autoFocus
        />
      </SubmitForm>
      <Button look="danger" onPress={() => setLeaving(true)}>
        {t("forget")}
      </Button>
      {leaving && (
        <ConfirmModal
          title={t("forget")}
          text={t("forgetText")}
          action={t("forget")}
          danger
          onClose={() => setLeaving(false)}
          onConfirm={() => void forgetKept()}
        />
      )}
    </>
  );
}
