import { useTranslations } from "use-intl";

import { Notice } from "../ui/Notice.tsx";

/** Shown where the browser gives no cryptography: an address without https that is not this computer itself. */
export function InsecurePage() {
  const t = useTranslations("common");
  return <Notice title={t("appName")} text={t("insecure")} />;
}
