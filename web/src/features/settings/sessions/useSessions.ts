import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api";
import { useCallback, useState } from "react";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { mustCrypto } from "../../../matrix/security.ts";
import { useAsyncEmitted } from "../../../matrix/useAsyncEmitted.ts";

export interface SessionInfo {
  deviceId: string;
  name: string;
  lastSeen: number | undefined;
  verified: boolean;
  /** It has no keys: it cannot read encrypted messages, and cannot be verified. */
  encrypts: boolean;
  own: boolean;
}

const events = [CryptoEvent.DevicesUpdated, CryptoEvent.UserTrustStatusChanged] as const;

/** All sessions of the account, this one first and then by when they were last used. `again` reads them anew. */
export function useSessions(): { sessions: SessionInfo[] | undefined; again: () => void } {
  const client = useClient();
  const [round, setRound] = useState(0);
  const read = useCallback(async () => {
    const user = client.getSafeUserId();
    const crypto = mustCrypto(client);
    const [{ devices }, known] = await Promise.all([client.getDevices(), crypto.getUserDeviceInfo([user], true)]);
    const infos = devices.map(async ({ device_id: deviceId, display_name: name, last_seen_ts: lastSeen }) => ({
      deviceId,
      name: name ?? deviceId,
      lastSeen,
      verified: (await crypto.getDeviceVerificationStatus(user, deviceId))?.signedByOwner === true,
      encrypts: known.get(user)?.has(deviceId) === true,
      own: deviceId === client.getDeviceId(),
    }));
    return (await Promise.all(infos)).sort(byUse);
  }, [client]);
  const sessions = useAsyncEmitted(client, events, read, round);
  return { sessions, again: () => setRound(round + 1) };
}

export function byUse(a: SessionInfo, b: SessionInfo): number {
  return Number(b.own) - Number(a.own) || (b.lastSeen ?? 0) - (a.lastSeen ?? 0);
}
