import type { MatrixClient } from "matrix-js-sdk";

import { mustCrypto } from "./security.ts";

/**
 * How sure one can be of a person's keys.
 *
 * - `verified`: compared by the two themselves.
 * - `known`: the keys are those that were seen first, and nobody has compared them.
 * - `changed`: others than were seen before: a new device set up from scratch, or somebody in between.
 * - `unknown`: the person has no identity yet.
 */
export type PersonTrust = "verified" | "known" | "changed" | "unknown";

export async function personTrust(client: MatrixClient, userId: string): Promise<PersonTrust> {
  const status = await mustCrypto(client).getUserVerificationStatus(userId);
  if (status.isVerified()) {
    return "verified";
  }
  if (status.needsUserApproval || status.wasCrossSigningVerified()) {
    return "changed";
  }
  return status.known ? "known" : "unknown";
}

/** Takes changed keys as the person's own. */
export async function acceptKeys(client: MatrixClient, userId: string): Promise<void> {
  const crypto = mustCrypto(client);
  const status = await crypto.getUserVerificationStatus(userId);
  if (status.wasCrossSigningVerified()) {
    await crypto.withdrawVerificationRequirement(userId);
  }
  await crypto.pinCurrentUserIdentity(userId);
}
