import type { MatrixClient } from "matrix-js-sdk";
import { afterEach, expect, it, vi } from "vitest";

import { subscribe, unsubscribe } from "./webPush.ts";

const subscription = {
  toJSON: () => ({ endpoint: "https://push.test/1", keys: { p256dh: "key", auth: "secret" } }),
  unsubscribe: vi.fn(() => Promise.resolve(true)),
};
const pushManager = {
  subscribe: vi.fn(() => Promise.resolve(subscription)),
  getSubscription: () => Promise.resolve(subscription),
};
const client = {
  getCapabilities: () => Promise.resolve({ "m.webpush": { enabled: true, vapid: "server-key" } }),
  setPusher: vi.fn(() => Promise.resolve({})),
  removePusher: vi.fn(() => Promise.resolve({})),
};
const asClient = client as unknown as MatrixClient;

vi.stubGlobal("navigator", { userAgent: "test", serviceWorker: { ready: Promise.resolve({ pushManager }) } });
afterEach(() => vi.clearAllMocks());

it("subscribes for the server's key, and tells the server where to push to", async () => {
  await subscribe(asClient, "ko");
  expect(pushManager.subscribe).toHaveBeenCalledWith({ userVisibleOnly: true, applicationServerKey: "server-key" });
  expect(client.setPusher).toHaveBeenCalledWith(
    expect.objectContaining({
      kind: "webpush",
      pushkey: "key",
      lang: "ko",
      data: { url: "https://push.test/1", auth: "secret" },
    }),
  );
});

it("ends both, the pusher and the subscription", async () => {
  await unsubscribe(asClient);
  expect(client.removePusher).toHaveBeenCalledWith("key", "org.bongsu.web");
  expect(subscription.unsubscribe).toHaveBeenCalledOnce();
});
