import { createClient } from "matrix-js-sdk";
import { OAuth2 } from "matrix-js-sdk/lib/oauth";
import type { SSOAction } from "matrix-js-sdk/lib/@types/auth";

import { base, routes } from "../app/routes.ts";
import { anonymousClient, logInWithToken, sessionOf } from "./login.ts";
import type { FoundServer } from "./discovery.ts";
import type { Session } from "./session.ts";

/**
 * Logging in on a page of the server: the browser goes there and comes back to `routes.returned`. What has to be known then is kept
 * in the tab's own storage meanwhile, for one use.
 */

type Pending =
  | { kind: "sso"; server: FoundServer }
  | { kind: "oauth"; server: FoundServer; state: string; context: OAuth2["context"] };

const key = "bongsu.redirect";

export class RedirectError extends Error {}

function returnAddress(): string {
  return location.origin + base + routes.returned;
}

export function goToSso(server: FoundServer, provider: string | undefined, action?: SSOAction): void {
  keep({ kind: "sso", server });
  location.assign(anonymousClient(server).getSsoLoginUrl(returnAddress(), "sso", provider, action));
}

export async function goToOAuth(server: FoundServer, purpose: "login" | "create"): Promise<void> {
  const metadata = await anonymousClient(server).getAuthMetadata();
  const clientId = await OAuth2.registerClient(metadata, {
    client_name: "Bongsu",
    client_uri: location.origin,
    redirect_uris: [returnAddress()],
    application_type: "web",
  });
  const oauth = new OAuth2(metadata, { clientId });
  const state = crypto.randomUUID();
  const prompt = purpose === "create" ? "create" : undefined;
  const url = await oauth.generateAuthorizationCodeGrantUrl(state, returnAddress(), "fragment", prompt);
  keep({ kind: "oauth", server, state, context: oauth.context });
  location.assign(url);
}

/** Finishes what was begun, from what the address says that the browser came back by. */
export async function finishRedirect({ search, hash }: Pick<Location, "search" | "hash">): Promise<Session> {
  const answer = new URLSearchParams([...new URLSearchParams(search), ...new URLSearchParams(hash.replace(/^#/, ""))]);
  const pending = take();
  const refusal = answer.get("error");
  if (pending === undefined || refusal !== null) {
    throw new RedirectError(answer.get("error_description") ?? refusal ?? "no login was begun in this tab");
  }
  if (pending.kind === "sso") {
    return logInWithToken(pending.server, required(answer, "loginToken"));
  }
  if (required(answer, "state") !== pending.state) {
    throw new RedirectError("the answer belongs to another login");
  }
  return finishOAuth(pending.server, pending.context, required(answer, "code"));
}

async function finishOAuth(server: FoundServer, context: OAuth2["context"], code: string): Promise<Session> {
  const oauth = new OAuth2(await anonymousClient(server).getAuthMetadata(), context);
  const tokens = await oauth.completeAuthorizationCodeGrant(code, returnAddress());
  const [baseUrl = ""] = server.baseUrls;
  const who = await createClient({ baseUrl, accessToken: tokens.access_token }).whoami();
  const session = sessionOf(server, {
    user_id: who.user_id,
    device_id: who.device_id ?? context.deviceId,
    access_token: tokens.access_token,
  });
  return { ...session, refreshToken: tokens.refresh_token, oauthClientId: context.clientId };
}

function required(answer: URLSearchParams, name: string): string {
  const value = answer.get(name);
  if (value === null) {
    throw new RedirectError(`the answer has no ${name}`);
  }
  return value;
}

function keep(pending: Pending): void {
  sessionStorage.setItem(key, JSON.stringify(pending));
}

function take(): Pending | undefined {
  const kept = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  return kept === null ? undefined : (JSON.parse(kept) as Pending);
}
