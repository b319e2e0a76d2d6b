import { AuthType } from "matrix-js-sdk";
import { useLocale, useTranslations } from "use-intl";

import { Link } from "../../../ui/Link.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { policiesOf } from "./policies.ts";
import type { StageProps } from "./stage.ts";

export function TermsStage({ challenge, answer }: StageProps) {
  const t = useTranslations("auth.uia");
  const locale = useLocale();
  const submit = (): void => answer({ type: AuthType.Terms, session: challenge.session });
  return (
    <SubmitForm action={t("agree")} onSubmit={submit}>
      <p>{t("termsWhy")}</p>
      <ul>
        {policiesOf(challenge.params, locale).map(({ name, url }) => (
          <li key={url}>
            <Link href={url}>{name}</Link>
          </li>
        ))}
      </ul>
    </SubmitForm>
  );
}
