import { ConnectionError, MatrixError } from "matrix-js-sdk";
import { useCallback } from "react";
import { useTranslations } from "use-intl";

/** Puts what was thrown into words for the user. */
export function useErrorText(): (error: unknown) => string {
  const t = useTranslations("common.error");
  return useCallback(
    (error) => {
      if (error instanceof ConnectionError || error instanceof TypeError) {
        return t("network");
      }
      if (error instanceof MatrixError) {
        return error.errcode === "M_LIMIT_EXCEEDED" ? t("tooFast") : (error.data.error ?? t("unknown"));
      }
      return t("unknown");
    },
    [t],
  );
}
