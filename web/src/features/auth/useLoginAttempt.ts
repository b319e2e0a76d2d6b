import { MatrixError } from "matrix-js-sdk";
import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "../../app/useErrorText.ts";
import { UiaCancelled } from "../../matrix/uia.ts";

interface LoginAttempt {
  attempt: (task: () => Promise<void>) => Promise<void>;
  busy: boolean;
  error: string | undefined;
}

/** One try at getting in. What went wrong is shown beside the field, not as a toast: that is where it is mended. */
export function useLoginAttempt(): LoginAttempt {
  const t = useTranslations("auth");
  const errorText = useErrorText();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const attempt = useCallback(
    async (task: () => Promise<void>) => {
      setBusy(true);
      setError(undefined);
      try {
        await task();
      } catch (thrown) {
        if (!(thrown instanceof UiaCancelled)) {
          const wrong = thrown instanceof MatrixError && thrown.errcode === "M_FORBIDDEN";
          setError(wrong ? t("wrongPassword") : errorText(thrown));
        }
      } finally {
        setBusy(false);
      }
    },
    [t, errorText],
  );
  return { attempt, busy, error };
}
