import type { MatrixClient } from "matrix-js-sdk";
import { createContext, type ReactNode, use } from "react";

import type { Running } from "./running.ts";

const RunningContext = createContext<Running | undefined>(undefined);

export function RunningProvider({ running, children }: { running: Running; children: ReactNode }) {
  return <RunningContext value={running}>{children}</RunningContext>;
}

/** What runs for the user who is signed in. Only below RunningProvider. */
export function useRunning(): Running {
  const running = use(RunningContext);
  if (running === undefined) {
    throw new Error("nobody is signed in here");
  }
  return running;
}

export function useClient(): MatrixClient {
  return useRunning().client;
}
