import { Link } from "react-aria-components";

import { useRoom } from "./RoomContext.tsx";
import { useRoomNavigation } from "./useRoomNavigation.ts";
import styles from "./Person.module.css";

/** A person's name in a text; pressing it opens what is known of the person. */
export function Person({ userId }: { userId: string }) {
  const room = useRoom();
  const { open } = useRoomNavigation();
  const name = room.getMember(userId)?.rawDisplayName ?? userId;
  return (
    <Link className={styles.person} onPress={() => open({ pane: "member", user: userId })}>
      @{name}
    </Link>
  );
}
