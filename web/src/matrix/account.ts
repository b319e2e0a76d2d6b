import { ClientEvent, HttpApiEvent, type MatrixClient, type MatrixError } from "matrix-js-sdk";

import { Observable } from "../app/observable.ts";
import { run, type Running, wipe } from "./running.ts";
import { forgetSession, loadSession, saveSession, type Session } from "./session.ts";

/** Whether somebody is signed in, the one state that decides which half of the app is shown. */
export type Account =
  | { status: "loading" }
  | { status: "signedOut" }
  /** The server wants the password again, and this device keeps its keys (Client-Server API, "Soft logout"). */
  | { status: "softLoggedOut"; session: Session }
  | { status: "failed"; error: unknown }
  | { status: "signedIn"; running: Running };

export const account = new Observable<Account>({ status: "loading" });

/** Goes on with the session that this browser keeps, if it keeps one. */
export async function resume(): Promise<void> {
  account.set({ status: "loading" });
  try {
    const session = await loadSession();
    if (session === undefined) {
      account.set({ status: "signedOut" });
    } else {
      await enter(session);
    }
  } catch (error) {
    account.set({ status: "failed", error });
  }
}

/** Keeps a session that was just made, and goes on with it. */
export async function signIn(session: Session): Promise<void> {
  await saveSession(session);
  await enter(session);
}

/** Ends the session at the server if that can be reached, and removes everything that was kept here in any case. */
export async function signOut(running: Running): Promise<void> {
  await running.client.logout(true).catch(() => undefined);
  await forget(running);
}

/** Removes everything of a session whose server has ended it, or that the user does not go on with. */
export async function forget(running: Pick<Running, "client">): Promise<void> {
  account.set({ status: "loading" });
  await wipe(running);
  await forgetSession();
  account.set({ status: "signedOut" });
}

async function enter(session: Session): Promise<void> {
  const running = await run(session);
  running.client.on(HttpApiEvent.SessionLoggedOut, (error) => void loggedOut(running, error));
  account.set({ status: "signedIn", running });
}

async function loggedOut(running: Running, error: MatrixError): Promise<void> {
  if (error.data.soft_logout === true) {
    running.client.stopClient();
    account.set({ status: "softLoggedOut", session: running.session });
    return;
  }
  await forget(running);
}

/** Resolves when the client has synced, from what is kept here or from the server. */
export function synced(client: MatrixClient): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (client.isInitialSyncComplete()) {
        client.off(ClientEvent.Sync, look);
        resolve();
      }
    };
    client.on(ClientEvent.Sync, look);
    look();
  });
}
