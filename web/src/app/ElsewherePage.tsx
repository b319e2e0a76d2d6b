import { useTranslations } from "use-intl";

import { resume } from "../matrix/account.ts";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";

export function ElsewherePage() {
  const t = useTranslations("common.elsewhere");
  return (
    <Notice title={t("title")} text={t("text")}>
      <Button look="primary" onPress={() => void resume(true)}>
        {t("here")}
      </Button>
    </Notice>
  );
}
