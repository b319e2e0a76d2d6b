import { HttpApiEvent, type MatrixError } from "matrix-js-sdk";

import { Observable } from "../app/observable.ts";
import { refreshEntrances } from "./refreshEntrances.ts";
import { removeKept } from "./removeKept.ts";
import { run, type Running } from "./running.ts";
import { loadSession, saveSession, type Session } from "./session.ts";
import { lockTab } from "./tabLock.ts";

/** Whether somebody is signed in, the one state that decides which half of the app is shown. */
export type Account =
  | { status: "loading" }
  | { status: "signedOut" }
  /** The server wants the password again, and this device keeps its keys (Client-Server API, "Soft logout"). */
  | { status: "softLoggedOut"; session: Session }
  /** Another tab runs the account. */
  | { status: "elsewhere" }
  | { status: "failed"; error: unknown }
  | { status: "signedIn"; running: Running };

export const account = new Observable<Account>({ status: "loading" });

/** Goes on with the session that this browser keeps, if it keeps one; with `here`, even if another tab runs it now. */
export async function resume(here = false): Promise<void> {
  account.set({ status: "loading" });
  try {
    const session = await loadSession();
    if (session === undefined) {
      account.set({ status: "signedOut" });
    } else {
      await enter(session, here);
    }
  } catch (error) {
    account.set({ status: "failed", error });
  }
}

/** Keeps a session that was just made, and goes on with it. */
export async function signIn(session: Session): Promise<void> {
  await saveSession(session);
  await enter(session, true);
}

/** Ends the session at the server if that can be reached, and removes everything that was kept here in any case. */
export async function signOut({ client }: Running): Promise<void> {
  await client.logout(true).catch(() => undefined);
  client.stopClient();
  await forgetKept();
}

/** Removes everything of a session that is kept here. The page is loaded again, so that nothing is left in memory either. */
export async function forgetKept(): Promise<void> {
  account.set({ status: "loading" });
  await removeKept();
  location.replace("/");
}

async function enter(session: Session, here: boolean): Promise<void> {
  const lock = await lockTab(here);
  if (lock === undefined) {
    account.set({ status: "elsewhere" });
    return;
  }
  const running = await run(session);
  running.client.on(HttpApiEvent.SessionLoggedOut, (error) => void loggedOut(running, error));
  account.set({ status: "signedIn", running });
  refreshEntrances(session).catch(() => undefined); // those that are known will do
  void lock.lost.then(() => {
    running.client.stopClient();
    account.set({ status: "elsewhere" });
  });
}

async function loggedOut({ client, session }: Running, error: MatrixError): Promise<void> {
  client.stopClient();
  if (error.data.soft_logout === true) {
    account.set({ status: "softLoggedOut", session });
  } else {
    await forgetKept();
  }
}
