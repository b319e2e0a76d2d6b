import type { MatrixEvent } from "matrix-js-sdk";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslations } from "use-intl";

import styles from "./NoticesRow.module.css";
import { useNoticeText } from "./useNoticeText.ts";

const shownAtOnce = 2;

/** What happened to the room, in plain words; many such events are folded into one line. */
export function NoticesRow({ events }: { events: readonly MatrixEvent[] }) {
  const t = useTranslations("timeline");
  const textOf = useNoticeText();
  const [open, setOpen] = useState(false);
  const folded = events.length > shownAtOnce && !open;
  return (
    <div className={styles.notices}>
      {!folded && events.map((event) => <p key={event.getId()}>{textOf(event)}</p>)}
      {events.length > shownAtOnce && (
        <Button className={styles.fold} aria-expanded={open} onPress={() => setOpen(!open)}>
          {open ? t("foldNotices") : t("notices", { count: events.length })}
        </Button>
      )}
    </div>
  );
}
