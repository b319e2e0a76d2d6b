import { useState } from "react";

import { resetSecurity, setUpSecurity } from "../../matrix/security.ts";
import { SetUp } from "./recovery/SetUp.tsx";
import { Unlock } from "./recovery/Unlock.tsx";
import { ResetQuestion } from "./recovery/ResetQuestion.tsx";
import { securityTask } from "./task.ts";
import { useObservable } from "../../app/useObservable.ts";
import { useSecurityState } from "./useSecurityState.ts";
import { Verification } from "./verification/Verification.tsx";

/** What the app does for the safety of messages, over whatever page is shown. */
export function Security() {
  const state = useSecurityState();
  const asked = useObservable(securityTask);
  const [greeted, setGreeted] = useState(false);
  const first = state === "unset" ? "setUp" : state === "locked" ? "unlock" : undefined;
  const task = asked ?? (greeted ? undefined : first);
  const close = (): void => {
    setGreeted(true);
    securityTask.set(undefined);
  };
  return (
    <>
      {task === "setUp" && <SetUp make={setUpSecurity} onDone={close} />}
      {task === "unlock" && <Unlock onClose={close} onLost={() => securityTask.set("askReset")} />}
      {task === "askReset" && <ResetQuestion onClose={close} onConfirm={() => securityTask.set("reset")} />}
      {task === "reset" && <SetUp make={resetSecurity} onDone={close} />}
      <Verification />
    </>
  );
}
