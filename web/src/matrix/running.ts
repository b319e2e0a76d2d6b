import { ClientEvent, createClient, type MatrixClient, PendingEventOrdering } from "matrix-js-sdk";
import { SetPresence } from "matrix-js-sdk/lib/sync";
import { VerificationMethod } from "matrix-js-sdk/lib/types";

import { accountPreference } from "./accountPreferences.ts";
import { Entrances } from "./entrances.ts";
import { quietLogger } from "./quietLogger.ts";
import { SecretKeys } from "./secretKeys.ts";
import { SyncStore } from "./syncStore.ts";
import { saveSession, type Session, storageKeyBytes } from "./session.ts";

/** Everything that lives as long as somebody is signed in. */
export interface Running {
  client: MatrixClient;
  session: Session;
  entrances: Entrances;
  secretKeys: SecretKeys;
}

const syncDatabase = "bongsu";
const cryptoPrefix = "bongsu-crypto";
const initialSyncLimit = 20;

/** Makes a client of a session, with what was read before, and lets it sync. Works without a network. */
export async function run(session: Session): Promise<Running> {
  const entrances = new Entrances(session.baseUrls);
  const secretKeys = new SecretKeys();
  const store = new SyncStore({ indexedDB, dbName: syncDatabase, localStorage });
  const client = createClient({
    baseUrl: entrances.baseUrl,
    userId: session.userId,
    deviceId: session.deviceId,
    accessToken: session.accessToken,
    refreshToken: session.refreshToken,
    oauthClientId: session.oauthClientId,
    onTokenRefresh: ({ accessToken, refreshToken }) => void saveSession({ ...session, accessToken, refreshToken }),
    fetchFn: entrances.fetch,
    store,
    cryptoCallbacks: secretKeys.callbacks,
    logger: quietLogger,
    timelineSupport: true,
    disableVoip: true,
    verificationMethods: [
      VerificationMethod.Sas,
      VerificationMethod.ShowQrCode,
      VerificationMethod.ScanQrCode,
      VerificationMethod.Reciprocate,
    ],
  });
  followPresence(client);
  await store.startup();
  await client.initRustCrypto({ cryptoDatabasePrefix: cryptoPrefix, storageKey: storageKeyBytes(session) });
  await client.startClient({
    lazyLoadMembers: true,
    threadSupport: true,
    initialSyncLimit,
    pendingEventOrdering: PendingEventOrdering.Detached,
  });
  return { client, session, entrances, secretKeys };
}

/** Each sync tells the server that the user is online, unless the user would rather not be seen. */
function followPresence(client: MatrixClient): void {
  client.on(ClientEvent.AccountData, () => {
    void client.setSyncPresence(accountPreference(client, "presence") ? undefined : SetPresence.Offline);
  });
}
