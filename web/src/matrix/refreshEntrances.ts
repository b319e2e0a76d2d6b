import { findServer, type FoundServer, ownServer } from "./discovery.ts";
import { loadSession, saveSession, type Session } from "./session.ts";

/** Looks which entrances the server has by now, and keeps them for the next start. */
export async function refreshEntrances({ baseUrls: [first = ""], deviceId }: Session): Promise<void> {
  const found: FoundServer = first === location.origin ? await ownServer() : await findServer(first);
  const kept = await loadSession();
  if (kept?.deviceId === deviceId) {
    await saveSession({ ...kept, baseUrls: [...new Set([first, ...found.baseUrls])] });
  }
}
