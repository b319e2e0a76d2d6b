import { useEffect, useState } from "react";

import type { Emitter } from "./useEmitted.ts";

/**
 * Like useEmitted, for what takes a moment to find out: undefined until it is known for the first time. `events` and `read` must keep
 * their identity. Another `round` has it read again.
 */
export function useAsyncEmitted<E extends string, T>(
  emitter: Emitter<E>,
  events: readonly E[],
  read: () => Promise<T>,
  round = 0,
): T | undefined {
  const [known, setKnown] = useState<{ from: () => Promise<T>; value: T }>();
  useEffect(() => {
    let turn = 0;
    const look = (): void => {
      turn += 1;
      const mine = turn;
      read()
        .then((value) => mine === turn && setKnown({ from: read, value }))
        .catch(() => undefined); // it is looked again at the next event
    };
    look();
    events.forEach((event) => emitter.on(event, look));
    return () => {
      turn = -1;
      events.forEach((event) => emitter.off(event, look));
    };
  }, [emitter, events, read, round]);
  return known?.from === read ? known.value : undefined;
}
