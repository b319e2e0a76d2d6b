import { Method, type MatrixClient } from "matrix-js-sdk";

import type { PushAck } from "../app/serviceWorker.ts";
import { deviceName } from "./deviceName.ts";

/** Notifications of this browser while no tab is open (RFC 8030, RFC 8291; pushers of kind webpush, MSC4174). */

const appId = "org.bongsu.web";

export type PushState = "unsupported" | "forbidden" | "off" | "on";

export async function pushState(client: MatrixClient): Promise<PushState> {
  if (!("PushManager" in window) || (await serverKey(client)) === undefined) {
    return "unsupported";
  }
  if (Notification.permission === "denied") {
    return "forbidden";
  }
  const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  return subscription === null ? "off" : "on";
}

export async function subscribe(client: MatrixClient, language: string): Promise<void> {
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription = await pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: await serverKey(client),
  });
  const { endpoint, keys } = subscription.toJSON();
  await client.setPusher({
    kind: "webpush",
    app_id: appId,
    app_display_name: "Bongsu",
    device_display_name: deviceName(),
    lang: language,
    pushkey: keys?.p256dh ?? "",
    data: { url: endpoint, ...{ auth: keys?.auth } },
    append: false,
  });
}

export async function unsubscribe(client: MatrixClient): Promise<void> {
  const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  const pushkey = subscription?.toJSON().keys?.p256dh;
  if (pushkey !== undefined) {
    await client.removePusher(pushkey, appId);
  }
  await subscription?.unsubscribe();
}

/** Tells the server that its first message has arrived: from now on it sends notifications. */
export async function acknowledge(client: MatrixClient, ack: PushAck): Promise<void> {
  await client.http.authedRequest(Method.Post, "/pushers/ack", undefined, { ...ack });
}

async function serverKey(client: MatrixClient): Promise<string | undefined> {
  const capabilities: Record<string, unknown> = { ...(await client.getCapabilities()) };
  const webPush = capabilities["m.webpush"];
  const vapid: unknown =
    typeof webPush === "object" && webPush !== null && "vapid" in webPush ? webPush.vapid : undefined;
  return typeof vapid === "string" ? vapid : undefined;
}
