import { useEffect, useState } from "react";

import { useClient } from "../../../matrix/RunningProvider.tsx";

const feature = "org.bongsu.two_sites";

/** Whether the server acknowledges a message only when it lies in two data centres. It says so itself; nobody guesses. */
export function useTwoSites(): boolean {
  const client = useClient();
  const [twoSites, setTwoSites] = useState(false);
  useEffect(() => {
    let wanted = true;
    client
      .doesServerSupportUnstableFeature(feature)
      .then((supported) => wanted && setTwoSites(supported))
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client]);
  return twoSites;
}
