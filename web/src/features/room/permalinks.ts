// Addresses of people, rooms and messages that can be sent to anybody (Appendices, matrix.to navigation and matrix: URIs), and where
// they lead within the app.
import { personPath, roomPath } from "../../app/routes.ts";

export type Permalink =
  | { kind: "user"; userId: string }
  /** A room by its id or its alias, and perhaps a message in it. */
  | { kind: "room"; room: string; eventId?: string; via: string[] };

const host = "https://matrix.to/#/";

export function userLink(userId: string): string {
  return host + encodeURIComponent(userId);
}

export function roomLink(room: string, via: readonly string[], eventId?: string): string {
  const servers = via.map((server) => `via=${encodeURIComponent(server)}`).join("&");
  const event = eventId === undefined ? "" : `/${encodeURIComponent(eventId)}`;
  return `${host}${encodeURIComponent(room)}${event}${servers && `?${servers}`}`;
}

/** Reads a matrix.to address, a matrix: address, or a bare id or alias. */
export function parsePermalink(text: string): Permalink | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith(host)) return fromPath(trimmed.slice(host.length));
  if (trimmed.startsWith("matrix:")) return fromMatrixUri(trimmed.slice("matrix:".length));
  return /^[@#!]\S+$/.test(trimmed) ? fromPath(trimmed) : undefined;
}

/** Where a permalink leads within the app. */
export function permalinkPath(link: Permalink): string {
  if (link.kind === "user") return personPath(link.userId);
  const query = new URLSearchParams(link.via.map((server) => ["via", server]));
  if (link.eventId !== undefined) query.set("event", link.eventId);
  const search = query.toString();
  return roomPath(link.room) + (search && `?${search}`);
}

function fromPath(path: string): Permalink | undefined {
  const [rest = "", query = ""] = path.split("?");
  const [entity, eventId] = rest.split("/").map(decode);
  const via = new URLSearchParams(query).getAll("via");
  if (entity === undefined) return undefined;
  if (/^@[^:]+:./.test(entity)) return { kind: "user", userId: entity };
  if (/^#[^:]+:./.test(entity) || /^![^/]+/.test(entity)) {
    return { kind: "room", room: entity, via, ...(eventId?.startsWith("$") && { eventId }) };
  }
  return undefined;
}

const sigils: Record<string, string> = { u: "@", r: "#", roomid: "!" };

function fromMatrixUri(uri: string): Permalink | undefined {
  const [path = "", query = ""] = uri.split("?");
  const [kind = "", id = "", , eventId] = path.split("/");
  const sigil = sigils[kind];
  if (sigil === undefined || id === "") return undefined;
  const event = eventId === undefined ? "" : `/${encodeURIComponent(`$${decode(eventId)}`)}`;
  return fromPath(`${encodeURIComponent(sigil + decode(id))}${event}?${query}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
