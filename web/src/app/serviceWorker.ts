import { Observable } from "./observable.ts";
import { base } from "./routes.ts";

/** The path that a notification leads to, once it was pressed. */
export const notificationPath = new Observable<string | undefined>(undefined);

/** What a push service's first message brings, which the server wants back (MSC4174). */
export interface PushAck {
  app_id: string;
  ack_token: string;
}

export const pushAck = new Observable<PushAck | undefined>(undefined);

const script = "/sw.js";

/** The one script address that may be given to the browser as code; see the content policy. */
function scriptUrl(): string {
  const policy = window.trustedTypes?.createPolicy("bongsu", { createScriptURL: (url) => (url === script ? url : "") });
  return (policy?.createScriptURL(script) as string | undefined) ?? script;
}

/** Lets the app be installed, and open without a network. */
export async function startServiceWorker(): Promise<void> {
  if (!("serviceWorker" in navigator)) {
    return;
  }
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener("message", (event: MessageEvent<{ go?: string; ack?: PushAck }>) => {
    if (event.data.go !== undefined) {
      notificationPath.set(event.data.go.slice(base.length));
    }
    if (event.data.ack !== undefined) {
      pushAck.set(event.data.ack);
    }
  });
  const { waiting } = await serviceWorker.register(scriptUrl());
  if (waiting !== null) {
    // A newer version has been waiting since the last visit; the page has just been opened, so nothing is lost.
    serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage("activate");
  }
}
