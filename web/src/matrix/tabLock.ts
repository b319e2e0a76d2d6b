const lockName = "bongsu-session";

/** Tells that this tab is to be the one that the account runs in, or that another one has become it. */
export interface TabLock {
  /** Resolves when another tab has taken over. */
  lost: Promise<void>;
}

/**
 * Takes the lock under which an account runs: two tabs with one key store would harm each other. Without `steal` the answer is
 * undefined when another tab has it.
 */
export function lockTab(steal: boolean): Promise<TabLock | undefined> {
  return new Promise((resolve) => {
    const lost = Promise.withResolvers<undefined>();
    const forever = new Promise<never>(() => undefined);
    const held = navigator.locks.request(lockName, steal ? { steal } : { ifAvailable: true }, (lock) => {
      resolve(lock === null ? undefined : { lost: lost.promise });
      return lock === null ? undefined : forever;
    });
    held.catch(() => lost.resolve(undefined)); // stolen
  });
}
