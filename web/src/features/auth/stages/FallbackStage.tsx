import { ExternalLink } from "lucide-react";
import { useTranslations } from "use-intl";

import { Button } from "../../../ui/Button.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { fallbackAddress } from "./fallbackAddress.ts";
import type { StageProps } from "./stage.ts";

/** Anything that the app has no form for is done on the server's own page, in a window of its own. */
export function FallbackStage({ challenge, answer, baseUrl }: StageProps) {
  const t = useTranslations("auth.uia");
  const open = (): void =>
    void window.open(fallbackAddress(challenge, baseUrl), "_blank", "popup,width=520,height=680");
  return (
    <SubmitForm action={t("doneThere")} onSubmit={() => answer({ session: challenge.session })}>
      <p>{t("fallbackWhy")}</p>
      <Button onPress={open}>
        <ExternalLink size={18} aria-hidden />
        {t("openPage")}
      </Button>
    </SubmitForm>
  );
}
