import type { VerificationRequest } from "matrix-js-sdk/lib/crypto-api";

import { Observable } from "../../../app/observable.ts";

/** The verification that is under way, shown by VerificationModal wherever the user is. */
export const currentVerification = new Observable<VerificationRequest | undefined>(undefined);

/** Begins a verification: of a person (crypto.requestVerificationDM), or of another session of one's own. */
export async function beginVerification(request: () => Promise<VerificationRequest>): Promise<void> {
  currentVerification.set(await request());
}
