import { useCallback, useRef, useSyncExternalStore } from "react";

/** What the SDK's clients, rooms, users and verifications have in common. */
export interface Emitter<E extends string> {
  on(event: E, listener: () => void): unknown;
  off(event: E, listener: () => void): unknown;
}

/**
 * A value that is read from the SDK, and read again when one of the named events is emitted. The component is rendered again only
 * when the value has become another one: by Object.is, or by `same` where `read` makes a new object each time.
 *
 * `events` must keep its identity from one rendering to the next: write it down outside of the component.
 */
export function useEmitted<E extends string, T>(
  emitter: Emitter<E>,
  events: readonly E[],
  read: () => T,
  same: (a: T, b: T) => boolean = Object.is,
): T {
  const last = useRef<{ value: T } | undefined>(undefined);
  const subscribe = useCallback(
    (changed: () => void) => {
      events.forEach((event) => emitter.on(event, changed));
      return () => events.forEach((event) => emitter.off(event, changed));
    },
    [emitter, events],
  );
  return useSyncExternalStore(subscribe, () => {
    const value = read();
    if (last.current === undefined || !same(last.current.value, value)) {
      last.current = { value };
    }
    return last.current.value;
  });
}

/** For lists that are made anew at each reading: the same members in the same order. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => Object.is(item, b[i]));
}
