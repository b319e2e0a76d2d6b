import { createClient, type LoginRequest, type LoginResponse, type MatrixClient } from "matrix-js-sdk";
import type { IIdentityProvider, ISSOFlow, LoginFlow } from "matrix-js-sdk/lib/@types/auth";
import { type ValidatedAuthMetadata } from "matrix-js-sdk/lib/oauth";

import { deviceName } from "./deviceName.ts";
import type { FoundServer } from "./discovery.ts";
import { quietLogger } from "./quietLogger.ts";
import { newStorageKey, type Session } from "./session.ts";

/** In which ways one can log in at a server. */
export interface LoginWays {
  password: boolean;
  /** OAuth 2.0 (Client-Server API, "OAuth 2.0 API"). */
  oauth: ValidatedAuthMetadata | undefined;
  /** The older single sign-on, one entry for each provider; an entry without a name stands for the server's own choice. */
  providers: (Partial<IIdentityProvider> & { id?: string })[];
}

export function anonymousClient({ baseUrls: [baseUrl = ""] }: FoundServer): MatrixClient {
  return createClient({ baseUrl, logger: quietLogger });
}

export async function loginWays(server: FoundServer): Promise<LoginWays> {
  const client = anonymousClient(server);
  const [{ flows }, oauth] = await Promise.all([client.loginFlows(), client.getAuthMetadata().catch(() => undefined)]);
  return {
    password: flows.some((flow) => flow.type === "m.login.password"),
    oauth,
    providers: flows.filter(isSso).flatMap((flow) => flow.identity_providers ?? [{}]),
  };
}

function isSso(flow: LoginFlow): flow is ISSOFlow {
  return flow.type === "m.login.sso";
}

export function logInWithPassword(server: FoundServer, user: string, password: string): Promise<Session> {
  return logIn(server, { type: "m.login.password", identifier: { type: "m.id.user", user }, password });
}

/** The end of single sign-on: the server's page has sent the browser back with a token (Client-Server API, "Token-based user login"). */
export function logInWithToken(server: FoundServer, token: string): Promise<Session> {
  return logIn(server, { type: "m.login.token", token });
}

/** Continues a session that was logged out softly: same device, same keys (Client-Server API, "Soft logout"). */
export async function logInAgain(session: Session, password: string): Promise<Session> {
  const client = anonymousClient(session);
  const response = await client.loginRequest({
    type: "m.login.password",
    identifier: { type: "m.id.user", user: session.userId },
    password,
    device_id: session.deviceId,
  });
  return { ...session, accessToken: response.access_token };
}

async function logIn(server: FoundServer, request: LoginRequest): Promise<Session> {
  const client = anonymousClient(server);
  return sessionOf(server, await client.loginRequest({ initial_device_display_name: deviceName(), ...request }));
}

export function sessionOf(
  { baseUrls }: FoundServer,
  {
    user_id: userId,
    device_id: deviceId,
    access_token: accessToken,
  }: Pick<LoginResponse, "user_id" | "device_id" | "access_token">,
): Session {
  return { baseUrls, userId, deviceId, accessToken, storageKey: newStorageKey() };
}
