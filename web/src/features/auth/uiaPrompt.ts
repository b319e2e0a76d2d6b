import type { AuthDict } from "matrix-js-sdk";

import { Observable } from "../../app/observable.ts";
import { type Ask, type Challenge, UiaCancelled } from "../../matrix/uia.ts";

export interface Prompt {
  challenge: Challenge;
  answer: (auth: AuthDict) => void;
  cancel: () => void;
}

/** What the server wants to know at the moment, shown by UiaPrompt. */
export const prompt = new Observable<Prompt | undefined>(undefined);

/** Asks the user, by a dialog over whatever is shown. */
export const askUser: Ask = (challenge) => {
  const { promise, resolve, reject } = Promise.withResolvers<AuthDict>();
  prompt.set({ challenge, answer: resolve, cancel: () => reject(new UiaCancelled("cancelled by the user")) });
  return promise.finally(() => prompt.set(undefined));
};
