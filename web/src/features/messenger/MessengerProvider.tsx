import { createContext, type ReactNode, use, useEffect, useState } from "react";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { LoadingPage } from "../../ui/LoadingPage.tsx";
import { type Messenger, openMessenger } from "./Messenger.ts";

const MessengerContext = createContext<Messenger | undefined>(undefined);

/** Opens what messages need, and closes it when the session ends. */
export function MessengerProvider({ children }: { children: ReactNode }) {
  const client = useClient();
  const [messenger, setMessenger] = useState<Messenger>();
  useEffect(() => {
    let wanted = true;
    const opening = openMessenger(client);
    void opening.then((opened) => wanted && setMessenger(opened));
    return () => {
      wanted = false;
      void opening.then((opened) => opened.close());
    };
  }, [client]);
  return messenger ? <MessengerContext value={messenger}>{children}</MessengerContext> : <LoadingPage />;
}

/** Only below MessengerProvider. */
export function useMessenger(): Messenger {
  const messenger = use(MessengerContext);
  if (!messenger) throw new Error("no messenger here");
  return messenger;
}
