import { useTranslations } from "use-intl";

import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";

export function StoppedPage({ onRetry }: { onRetry: () => void }) {
  const t = useTranslations("common.error");
  return (
    <Notice title={t("title")} text={t("text")}>
      <Button onPress={onRetry}>{t("reload")}</Button>
    </Notice>
  );
}
