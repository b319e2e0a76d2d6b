import { useEffect, useRef } from "react";

import { useObservable } from "../../app/useObservable.ts";
import { resetSecurity, setUpSecurity } from "../../matrix/security.ts";
import { ResetQuestion } from "./recovery/ResetQuestion.tsx";
import { SetUp } from "./recovery/SetUp.tsx";
import { Unlock } from "./recovery/Unlock.tsx";
import { securityTask } from "./task.ts";
import { useSecurityState } from "./useSecurityState.ts";
import { Verification } from "./verification/Verification.tsx";

const finish = (): void => securityTask.set(undefined);

/** What the app does for the safety of messages, over whatever page is shown. */
export function Security() {
  const task = useObservable(securityTask);
  useFirstTask();
  return (
    <>
      {task === "setUp" && <SetUp make={setUpSecurity} onDone={finish} />}
      {task === "unlock" && <Unlock onClose={finish} onLost={() => securityTask.set("askReset")} />}
      {task === "askReset" && <ResetQuestion onClose={finish} onConfirm={() => securityTask.set("reset")} />}
      {task === "reset" && <SetUp make={resetSecurity} onDone={finish} />}
      <Verification />
    </>
  );
}

/** Begins, once for each start of the app, with what has to be done. Later it is the banner that reminds. */
function useFirstTask(): void {
  const state = useSecurityState();
  const begun = useRef(false);
  useEffect(() => {
    if (state === undefined || begun.current) {
      return;
    }
    begun.current = true;
    if (state === "unset" || state === "locked") {
      securityTask.set(state === "unset" ? "setUp" : "unlock");
    }
  }, [state]);
}
