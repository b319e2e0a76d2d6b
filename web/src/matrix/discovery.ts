/** Finding a server (Client-Server API, "Server Discovery"). */

export interface FoundServer {
  /** Addresses of the client-server API, the preferred one first. */
  baseUrls: string[];
}

export class NoServerError extends Error {}

interface WellKnown {
  "m.homeserver"?: { base_url?: unknown };
  "org.bongsu.entrances"?: unknown;
}

/** The server that this page came from: it answers at this very address, whatever it calls its own. */
export async function ownServer(): Promise<FoundServer> {
  const wellKnown = await readWellKnown(location.origin).catch(() => undefined);
  return { baseUrls: [location.origin, ...entrances(wellKnown)] };
}

/** The server of a name (example.org), of a user id (@alice:example.org), or at an address (https://chat.example.org). */
export async function findServer(entered: string): Promise<FoundServer> {
  const origin = originOf(entered);
  const wellKnown = await readWellKnown(origin).catch(() => undefined);
  const stated = wellKnown?.["m.homeserver"]?.base_url;
  const found = { baseUrls: [typeof stated === "string" ? stated : origin, ...entrances(wellKnown)] };
  await mustBeServer(found);
  return found;
}

export function originOf(entered: string): string {
  const name = entered.trim().replace(/^@[^:]*:/, "");
  try {
    const url = new URL(/^https?:\/\//.test(name) ? name : `https://${name}`);
    return url.origin;
  } catch {
    throw new NoServerError(`${entered} is no server name`);
  }
}

async function mustBeServer({ baseUrls: [baseUrl = ""] }: FoundServer): Promise<void> {
  const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/_matrix/client/versions`).catch(() => undefined);
  if (response?.ok !== true) {
    throw new NoServerError(`${baseUrl} does not answer as a server`);
  }
}

async function readWellKnown(origin: string): Promise<WellKnown> {
  const response = await fetch(`${origin}/.well-known/matrix/client`);
  if (!response.ok) {
    throw new NoServerError(`${origin} has no discovery document`);
  }
  const document: unknown = await response.json();
  return typeof document === "object" && document !== null ? document : {};
}

function entrances(wellKnown: WellKnown | undefined): string[] {
  const listed = wellKnown?.["org.bongsu.entrances"];
  return Array.isArray(listed)
    ? listed.filter((url): url is string => typeof url === "string" && URL.canParse(url))
    : [];
}
