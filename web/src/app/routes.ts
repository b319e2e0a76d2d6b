/** The addresses within the app, below `base`. One place, so that a link and its route cannot differ. */
export const base = "/app";

export const routes = {
  home: "/",
  login: "/login",
  signUp: "/signup",
  /** Where a single sign-on or an OAuth 2.0 server sends the browser back to. */
  returned: "/returned",
  room: "/r/:roomId",
  person: "/u/:userId",
  settings: "/settings",
  settingsSection: "/settings/:section",
} as const;

export function roomPath(roomIdOrAlias: string): string {
  return `/r/${encodeURIComponent(roomIdOrAlias)}`;
}

export function personPath(userId: string): string {
  return `/u/${encodeURIComponent(userId)}`;
}

export function settingsPath(section: string): string {
  return `/settings/${section}`;
}
