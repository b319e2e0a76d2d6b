import { useEffect } from "react";
import { useLocation } from "wouter";

import { useClient } from "../matrix/RunningProvider.tsx";
import { acknowledge } from "../matrix/webPush.ts";
import { notificationPath, pushAck } from "./serviceWorker.ts";
import { useObservable } from "./useObservable.ts";

/** Does what the service worker asks of a page: open a chat, answer the server. */
export function useServiceWorkerMessages(): void {
  const client = useClient();
  const [, navigate] = useLocation();
  const path = useObservable(notificationPath);
  const ack = useObservable(pushAck);

  useEffect(() => {
    if (path !== undefined) {
      notificationPath.set(undefined);
      navigate(path);
    }
  }, [path, navigate]);

  useEffect(() => {
    if (ack !== undefined) {
      pushAck.set(undefined);
      acknowledge(client, ack).catch(() => undefined); // subscribing again sends another one
    }
  }, [client, ack]);
}
