import { ClientEvent } from "matrix-js-sdk";
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api";
import { useMemo } from "react";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { securityReader, type SecurityState } from "../../matrix/security.ts";
import { useAsyncEmitted } from "../../matrix/useAsyncEmitted.ts";

const events = [
  CryptoEvent.KeysChanged,
  CryptoEvent.UserTrustStatusChanged,
  CryptoEvent.DevicesUpdated,
  ClientEvent.AccountData,
] as const;

export function useSecurityState(): SecurityState | undefined {
  const client = useClient();
  return useAsyncEmitted(
    client,
    events,
    useMemo(() => securityReader(client), [client]),
  );
}
