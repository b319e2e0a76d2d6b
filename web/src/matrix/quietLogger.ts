import type { Logger } from "matrix-js-sdk/lib/logger";

const silent = (): void => undefined;

/** Keeps the SDK's warnings and errors, and drops what it tells of every request. */
export const quietLogger: Logger = {
  trace: silent,
  debug: silent,
  info: silent,
  /* eslint-disable no-console -- the console is where developers look */
  warn: (...words: unknown[]) => console.warn(...words),
  error: (...words: unknown[]) => console.error(...words),
  /* eslint-enable no-console */
  getChild: () => quietLogger,
};
