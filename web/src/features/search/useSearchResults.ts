import { useCallback, useDeferredValue, useEffect, useState } from "react";

import { useMessenger } from "../messenger/MessengerProvider.tsx";
import type { IndexedMessage } from "./segments.ts";

const most = 100;

interface SearchResults {
  found: readonly IndexedMessage[];
  /** Searches again, after more has been read in. */
  again: () => void;
}

/** The messages on this device that contain some words, in one room or in all. */
export function useSearchResults(words: string, roomId?: string): SearchResults {
  const { index } = useMessenger();
  const wanted = useDeferredValue(words);
  const [found, setFound] = useState<readonly IndexedMessage[]>([]);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    void index
      .search({ words: wanted, limit: most, ...(roomId !== undefined && { roomId }) })
      .then((messages) => current && setFound(messages));
    return () => {
      current = false;
    };
  }, [index, wanted, roomId, round]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  return { found, again };
}
