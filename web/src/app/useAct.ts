import { useCallback, useState } from "react";

import { UiaCancelled } from "../matrix/uia.ts";
import { useErrorText } from "./useErrorText.ts";
import { tellFailure } from "./toasts.ts";

interface Act {
  /** Runs an action; what it throws is shown as a toast. True when it went well. */
  act: (action: () => Promise<unknown>) => Promise<boolean>;
  /** An action is under way. */
  busy: boolean;
}

/** For what a person sets off by a button: one at a time, and no failure goes unseen. */
export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const errorText = useErrorText();
  const act = useCallback(
    async (action: () => Promise<unknown>) => {
      setBusy(true);
      try {
        await action();
        return true;
      } catch (error) {
        if (error instanceof UiaCancelled) {
          return false; // the user knows
        }
        tellFailure(errorText(error));
        return false;
      } finally {
        setBusy(false);
      }
    },
    [errorText],
  );
  return { act, busy };
}
