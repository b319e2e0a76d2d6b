import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api";
import { useCallback } from "react";

import { type PersonTrust, personTrust } from "../../matrix/personTrust.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { useAsyncEmitted } from "../../matrix/useAsyncEmitted.ts";

const events = [CryptoEvent.UserTrustStatusChanged, CryptoEvent.DevicesUpdated, CryptoEvent.KeysChanged] as const;

/** How sure one can be of a person's keys; undefined until that is known. */
export function usePersonTrust(userId: string): PersonTrust | undefined {
  const client = useClient();
  return useAsyncEmitted(
    client,
    events,
    useCallback(() => personTrust(client, userId), [client, userId]),
  );
}
