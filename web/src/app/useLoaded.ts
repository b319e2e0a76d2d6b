import { useEffect, useState } from "react";

/**
 * What a function has loaded, undefined until then and where it fails. It is loaded again when the function is another one (give it
 * one that keeps its identity), and when `round` is.
 */
export function useLoaded<T>(load: () => Promise<T>, round = 0): T | undefined {
  const [loaded, setLoaded] = useState<{ from: () => Promise<T>; value: T }>();
  useEffect(() => {
    let wanted = true;
    load()
      .then((value) => wanted && setLoaded({ from: load, value }))
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [load, round]);
  return loaded?.from === load ? loaded.value : undefined;
}
