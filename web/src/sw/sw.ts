/// <reference lib="webworker" />

/**
 * The service worker: keeps the app itself, so that it opens without a network and when the entrance that it came from has burnt
 * down, and shows notifications. Messages and keys are not its business. It imports nothing, so that it is one classic script.
 */

export {}; // a module to the compiler, so that `self` can be declared as what it is here

declare const self: ServiceWorkerGlobalScope;

/** The build puts the list of files here, and their digest into the cache's name. */
const files: readonly string[] = JSON.parse("__FILES__") as string[];
const cacheName = "bongsu-app-__VERSION__";
const page = "/";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll([page, ...files])));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOthers().then(() => self.clients.claim()));
});

/** The page asks for the new version when it has just been opened, and nothing can be lost. */
self.addEventListener("message", (event) => {
  if (event.data === "activate") {
    void self.skipWaiting();
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) {
    return;
  }
  const isPage = request.mode === "navigate" && (url.pathname === page || /^\/app(\/|$)/.test(url.pathname));
  if (isPage || files.includes(url.pathname)) {
    event.respondWith(fromCache(isPage ? page : url.pathname, request));
  }
});

self.addEventListener("push", (event) => {
  event.waitUntil(pushed(read(event.data)));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { path } = event.notification.data as { path: string };
  event.waitUntil(show(path));
});

async function removeOthers(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith("bongsu-app-") && name !== cacheName) {
      await caches.delete(name);
    }
  }
}

async function fromCache(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match(path)) ?? fetch(request);
}

interface Push {
  app_id?: string;
  ack_token?: string;
  event_id?: string;
  room_id?: string;
  room_name?: string;
  sender_display_name?: string;
  sender?: string;
  counts?: { unread?: number };
}

function read(data: PushMessageData | null): Push {
  const value: unknown = data?.json();
  return typeof value === "object" && value !== null ? value : {};
}

async function pushed(push: Push): Promise<void> {
  const windows = await self.clients.matchAll({ type: "window" });
  if (push.ack_token !== undefined) {
    windows.forEach((client) => client.postMessage({ ack: { app_id: push.app_id, ack_token: push.ack_token } }));
    return;
  }
  if (push.room_id === undefined) {
    await clearIfRead(push);
    return;
  }
  if (windows.some((client) => client.focused)) {
    return;
  }
  const sender = push.sender_display_name ?? push.sender;
  const title = push.room_name ?? sender ?? "Bongsu";
  await self.registration.showNotification(title, {
    body: push.room_name === undefined || sender === undefined ? "" : `${sender} …`,
    tag: push.room_id,
    icon: "/icon-192.png",
    badge: "/icon-192.png",
    data: { path: `/app/r/${encodeURIComponent(push.room_id)}` },
  });
}

/** The server tells the new number when something was read elsewhere. */
async function clearIfRead(push: Push): Promise<void> {
  if (push.counts?.unread === 0 || push.counts?.unread === undefined) {
    const shown = await self.registration.getNotifications();
    shown.forEach((notification) => notification.close());
  }
}

async function show(path: string): Promise<void> {
  const [client] = await self.clients.matchAll({ type: "window" });
  if (client === undefined) {
    await self.clients.openWindow(path);
    return;
  }
  await client.focus();
  client.postMessage({ go: path });
}
