import { useTranslations } from "use-intl";

import { Notice } from "./Notice.tsx";
import { Spinner } from "./Spinner.tsx";

export function LoadingPage() {
  const t = useTranslations("common");
  return (
    <Notice title={t("appName")}>
      <Spinner label={t("loading")} />
    </Notice>
  );
}
