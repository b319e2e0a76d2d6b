import { createClient, MatrixError } from "matrix-js-sdk";

import { deviceName } from "./deviceName.ts";
import type { FoundServer } from "./discovery.ts";
import { anonymousClient, sessionOf } from "./login.ts";
import { quietLogger } from "./quietLogger.ts";
import type { Session } from "./session.ts";
import { type Ask, withUia } from "./uia.ts";

export async function signUp(server: FoundServer, username: string, password: string, ask: Ask): Promise<Session> {
  const client = anonymousClient(server);
  const made = await withUia(
    (auth) =>
      client.registerRequest({
        username,
        password,
        initial_device_display_name: deviceName(),
        auth: auth ?? undefined,
      }),
    ask,
  );
  if (made.access_token === undefined || made.device_id === undefined) {
    throw new Error("the server made an account and no session");
  }
  const session = sessionOf(server, {
    user_id: made.user_id,
    device_id: made.device_id,
    access_token: made.access_token,
  });
  await named(session, username);
  return session;
}

/** Others see the name that was chosen from the first message on, not the whole user id. */
async function named({ baseUrls: [baseUrl = ""], userId, accessToken }: Session, name: string): Promise<void> {
  const client = createClient({ baseUrl, userId, accessToken, logger: quietLogger });
  await client.setDisplayName(name).catch(() => undefined); // an account without a name is an account all the same
}

export type NameState = "free" | "taken" | "invalid";

export async function nameState(server: FoundServer, username: string): Promise<NameState> {
  try {
    return (await anonymousClient(server).isUsernameAvailable(username)) ? "free" : "taken";
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === "M_USER_IN_USE") {
      return "taken";
    }
    if (error instanceof MatrixError && (error.errcode === "M_INVALID_USERNAME" || error.errcode === "M_EXCLUSIVE")) {
      return "invalid";
    }
    throw error;
  }
}
