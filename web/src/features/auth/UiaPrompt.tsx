import type { ComponentType } from "react";
import { useTranslations } from "use-intl";

import { useObservable } from "../../app/useObservable.ts";
import { Modal } from "../../ui/Modal.tsx";
import { FallbackStage } from "./stages/FallbackStage.tsx";
import { PasswordStage } from "./stages/PasswordStage.tsx";
import type { StageProps } from "./stages/stage.ts";
import { TermsStage } from "./stages/TermsStage.tsx";
import { TokenStage } from "./stages/TokenStage.tsx";
import { prompt } from "./uiaPrompt.ts";

const forms: Record<string, ComponentType<StageProps>> = {
  "m.login.password": PasswordStage,
  "m.login.registration_token": TokenStage,
  "m.login.terms": TermsStage,
};

/** Shows what a server wants to know before it does what was asked. */
export function UiaPrompt({ baseUrl, userId }: Pick<StageProps, "baseUrl" | "userId">) {
  const t = useTranslations("auth.uia");
  const now = useObservable(prompt);
  if (now === undefined) {
    return null;
  }
  const Stage = forms[now.challenge.stage] ?? FallbackStage;
  return (
    <Modal title={t("title")} onClose={now.cancel} keepOpen>
      <Stage key={now.challenge.stage} {...now} baseUrl={baseUrl} userId={userId} />
    </Modal>
  );
}
