import { useTranslations } from "use-intl";

import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { securityTask } from "./task.ts";
import { useSecurityState } from "./useSecurityState.ts";

/** Says, in a list's head, what is still to be done for the safety of messages; nothing when all is well. */
export function SecurityBanner() {
  const t = useTranslations("security.banner");
  const state = useSecurityState();
  if (state === undefined || state === "ready") {
    return null;
  }
  const task = state === "locked" ? "unlock" : "setUp";
  return (
    <Banner
      tone="warn"
      actions={
        <Button look="quiet" onPress={() => securityTask.set(task)}>
          {t("action")}
        </Button>
      }
    >
      {t(state)}
    </Banner>
  );
}
