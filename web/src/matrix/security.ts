import type { MatrixClient } from "matrix-js-sdk";
import { decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api";

import type { Running } from "./running.ts";
import { type Ask, withUia } from "./uia.ts";

/**
 * How safe the account's messages are, as far as this device can do something about it.
 *
 * - `unset`: the account has no cross-signing identity yet; nobody can verify it, and nothing is backed up.
 * - `locked`: it has one, and this device is not yet known to belong to it.
 * - `unsaved`: all is well here, but there is no recovery key to come back with.
 * - `ready`: verified, backed up, recoverable.
 */
export type SecurityState = "unset" | "locked" | "unsaved" | "ready";

/**
 * Makes what reads the state. The server is asked once whether the account has an identity that this device has not heard of;
 * not each time, since its answer is itself an event after which the state is read.
 */
export function securityReader(client: MatrixClient): () => Promise<SecurityState> {
  const userId = client.getSafeUserId();
  const crypto = mustCrypto(client);
  let asked: Promise<boolean> | undefined;
  const ask = (): Promise<boolean> => {
    asked ??= crypto.userHasCrossSigningKeys(userId, true).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
  const hasIdentity = async (): Promise<boolean> => (await crypto.getUserVerificationStatus(userId)).known;
  return async () => {
    if (!(await hasIdentity())) {
      await ask();
      if (!(await hasIdentity())) {
        return "unset";
      }
    }
    const device = await crypto.getDeviceVerificationStatus(userId, client.getDeviceId() ?? "");
    if (device?.signedByOwner !== true) {
      return "locked";
    }
    return (await client.secretStorage.getDefaultKeyId()) === null ? "unsaved" : "ready";
  };
}

/**
 * Gives the account an identity, a secret storage that holds its keys, and a back-up of the message keys. Returns the recovery key,
 * which opens all of it, and which this device does not keep.
 */
export async function setUpSecurity({ client, secretKeys }: Running, ask: Ask): Promise<string> {
  const crypto = mustCrypto(client);
  const recovery = await crypto.createRecoveryKeyFromPassphrase();
  await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (request) => withUia(request, ask) });
  await secretKeys.during(recovery.privateKey, () =>
    crypto.bootstrapSecretStorage({
      createSecretStorageKey: () => Promise.resolve(recovery),
      setupNewSecretStorage: true,
      setupNewKeyBackup: true,
    }),
  );
  return recovery.encodedPrivateKey ?? "";
}

/** Throws the old identity away and makes a new one: everybody who had verified the user has to do so again. */
export async function resetSecurity(running: Running, ask: Ask): Promise<string> {
  await mustCrypto(running.client).resetEncryption((request) => withUia(request, ask));
  return setUpSecurity(running, ask);
}

export class WrongRecoveryKeyError extends Error {}

/** Opens the secret storage with the recovery key: verifies this device, and fetches the keys of old messages. */
export async function recover({ client, secretKeys }: Running, recoveryKey: string): Promise<void> {
  const key = decode(recoveryKey);
  await mustFit(client, key);
  const crypto = mustCrypto(client);
  await secretKeys.during(key, async () => {
    await crypto.bootstrapCrossSigning({});
    await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
    await crypto.checkKeyBackupAndEnable();
  });
  await crypto.restoreKeyBackup();
}

/** After this device was verified by another one, which has handed over the keys: fetches the keys of old messages. */
export async function restoreMessages(client: MatrixClient): Promise<void> {
  const crypto = mustCrypto(client);
  await crypto.checkKeyBackupAndEnable();
  if ((await crypto.getSessionBackupPrivateKey()) !== null) {
    await crypto.restoreKeyBackup();
  }
}

function decode(recoveryKey: string): Uint8Array<ArrayBuffer> {
  try {
    return decodeRecoveryKey(recoveryKey);
  } catch (cause) {
    throw new WrongRecoveryKeyError("this is no recovery key", { cause });
  }
}

async function mustFit(client: MatrixClient, key: Uint8Array<ArrayBuffer>): Promise<void> {
  const found = await client.secretStorage.getKey();
  if (found === null || !(await client.secretStorage.checkKey(key, found[1]))) {
    throw new WrongRecoveryKeyError("the recovery key belongs to another account");
  }
}

export function mustCrypto(client: MatrixClient): NonNullable<ReturnType<MatrixClient["getCrypto"]>> {
  const crypto = client.getCrypto();
  if (crypto === undefined) {
    throw new Error("the client runs without encryption");
  }
  return crypto;
}
