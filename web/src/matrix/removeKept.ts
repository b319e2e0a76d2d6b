import { preferencesKey } from "../app/preferences.ts";

/** The service worker's copy of the app itself, which belongs to nobody. */
const appCaches = "bongsu-app";

/** Removes all that was kept in this browser for the account, whatever part of the app has kept it. */
export async function removeKept(): Promise<void> {
  for (const { name } of await indexedDB.databases()) {
    if (name !== undefined) {
      indexedDB.deleteDatabase(name); // one that is still open goes when the page does
    }
  }
  for (const name of await caches.keys()) {
    if (!name.startsWith(appCaches)) {
      await caches.delete(name);
    }
  }
  for (const name of Object.keys(localStorage)) {
    if (name !== preferencesKey) {
      localStorage.removeItem(name);
    }
  }
  sessionStorage.clear();
}
