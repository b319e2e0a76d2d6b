import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

export const sidePanes = ["info", "members", "member", "settings", "thread", "threads", "pinned", "search"] as const;
export type SidePane = (typeof sidePanes)[number];

/** What of a room is in sight. It stands in the address, so that the browser's back button leads back. */
export interface RoomPlace {
  pane?: SidePane | undefined;
  /** The message to move to. */
  event?: string | undefined;
  thread?: string | undefined;
  user?: string | undefined;
}

interface RoomNavigation {
  place: RoomPlace;
  open: (place: RoomPlace) => void;
}

export function useRoomNavigation(): RoomNavigation {
  const [path, navigate] = useLocation();
  const search = useSearch();
  const place = useMemo(() => parse(search), [search]);
  const open = useCallback(
    (next: RoomPlace) => {
      const query = new URLSearchParams(Object.entries(next).filter(([, value]) => value !== undefined)).toString();
      navigate(path + (query && `?${query}`));
    },
    [navigate, path],
  );
  return { place, open };
}

function parse(search: string): RoomPlace {
  const query = new URLSearchParams(search);
  return {
    pane: sidePanes.find((pane) => pane === query.get("pane")),
    event: query.get("event") ?? undefined,
    thread: query.get("thread") ?? undefined,
    user: query.get("user") ?? undefined,
  };
}
