import { Pin } from "lucide-react";
import { type Room, RoomStateEvent } from "matrix-js-sdk";
import { Button } from "react-aria-components";
import { useTranslations } from "use-intl";

import { sameItems, useEmitted } from "../../matrix/useEmitted.ts";
import { pinnedIds } from "../timeline/model/pinned.ts";
import styles from "./PinnedBar.module.css";
import { useRoomNavigation } from "./useRoomNavigation.ts";

const events = [RoomStateEvent.Events] as const;

/** Leads to what is pinned, when something is. */
export function PinnedBar({ room }: { room: Room }) {
  const t = useTranslations("room");
  const { place, open } = useRoomNavigation();
  const ids = useEmitted(room, events, () => pinnedIds(room), sameItems);
  if (ids.length === 0) return null;
  return (
    <Button className={styles.bar} onPress={() => open(place.pane === "pinned" ? {} : { pane: "pinned" })}>
      <Pin size={14} aria-hidden />
      {t("pinnedCount", { count: ids.length })}
    </Button>
  );
}
