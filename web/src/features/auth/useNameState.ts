import { useEffect, useState } from "react";

import type { FoundServer } from "../../matrix/discovery.ts";
import { nameState, type NameState } from "../../matrix/signUp.ts";

const pause = 400;

/** Whether a user name can be had, asked for when the typing rests; undefined while that is not known. */
export function useNameState(server: FoundServer, name: string): NameState | undefined {
  const [known, setKnown] = useState<{ name: string; state: NameState }>();
  useEffect(() => {
    if (name === "") {
      return;
    }
    let wanted = true;
    const timer = setTimeout(() => {
      nameState(server, name)
        .then((state) => wanted && setKnown({ name, state }))
        .catch(() => undefined); // the server will say it when the account is made
    }, pause);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [server, name]);
  return known?.name === name ? known.state : undefined;
}
