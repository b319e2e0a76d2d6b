import { SealedStore } from "./sealedStore.ts";

/** Who is signed in here, and how to go on as them. */
export interface Session {
  /** The server's addresses, the first one first. */
  baseUrls: string[];
  userId: string;
  deviceId: string;
  accessToken: string;
  refreshToken?: string;
  /** Set when the session was made by OAuth 2.0. */
  oauthClientId?: string;
  /** 32 bytes in base64 that encrypt the key store of this device. */
  storageKey: string;
}

const store = new SealedStore("bongsu-session");
const name = "session";

export async function loadSession(): Promise<Session | undefined> {
  const found = await store.get(name);
  return isSession(found) ? found : undefined;
}

export function saveSession(session: Session): Promise<void> {
  return store.set(name, session);
}

export function newStorageKey(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
}

export function storageKeyBytes(session: Session): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(session.storageKey), (c) => c.charCodeAt(0));
}

function isSession(value: unknown): value is Session {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const s = value as Partial<Record<keyof Session, unknown>>;
  const texts = [s.userId, s.deviceId, s.accessToken, s.storageKey];
  return texts.every((text) => typeof text === "string") && Array.isArray(s.baseUrls) && s.baseUrls.length > 0;
}
