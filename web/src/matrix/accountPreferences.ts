import { ClientEvent, type MatrixClient } from "matrix-js-sdk";

import { useClient } from "./RunningProvider.tsx";
import { useEmitted } from "./useEmitted.ts";

/** What the user has chosen for all of the account's sessions; kept in the account's data at the server. */
export interface AccountPreferences {
  /** Others see how far one has read. */
  readReceipts: boolean;
  /** Others see whether one is online. */
  presence: boolean;
  /** Linked pages are looked up, by the server, in chats that are not encrypted. */
  linkPreviews: boolean;
}

const type = "org.bongsu.preferences";
const defaults: AccountPreferences = { readReceipts: true, presence: true, linkPreviews: true };

declare module "matrix-js-sdk/lib/types" {
  interface AccountDataEvents {
    "org.bongsu.preferences": Partial<AccountPreferences>;
  }
}

export function accountPreference(client: MatrixClient, name: keyof AccountPreferences): boolean {
  const chosen: unknown = client.getAccountData(type)?.getContent()[name];
  return typeof chosen === "boolean" ? chosen : defaults[name];
}

export async function setAccountPreference(
  client: MatrixClient,
  name: keyof AccountPreferences,
  value: boolean,
): Promise<void> {
  await client.setAccountData(type, { ...client.getAccountData(type)?.getContent(), [name]: value });
}

const events = [ClientEvent.AccountData] as const;

export function useAccountPreference(name: keyof AccountPreferences): boolean {
  const client = useClient();
  return useEmitted(client, events, () => accountPreference(client, name));
}
