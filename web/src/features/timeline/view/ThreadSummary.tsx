import { MessagesSquare } from "lucide-react";
import type { MatrixEvent } from "matrix-js-sdk";
import { Button } from "react-aria-components";
import { useTranslations } from "use-intl";

import { useRoomNavigation } from "../../room/useRoomNavigation.ts";
import { useConversation } from "../model/conversation.tsx";
import { usePreview } from "../model/usePreview.ts";
import styles from "./ThreadSummary.module.css";

/** Below the message that began a thread: how far it has gone. */
export function ThreadSummary({ event }: { event: MatrixEvent }) {
  const t = useTranslations("timeline");
  const { threadId } = useConversation();
  const { open } = useRoomNavigation();
  const preview = usePreview();
  const thread = event.getThread();
  const id = event.getId();
  if (threadId !== undefined || !thread || thread.id !== id || thread.length === 0) return null;
  const last = thread.replyToEvent;
  return (
    <Button className={styles.summary} onPress={() => open({ pane: "thread", thread: id })}>
      <MessagesSquare size={16} aria-hidden />
      <span className={styles.count}>{t("replies", { count: thread.length })}</span>
      {last && <span className={styles.last}>{preview(last)}</span>}
    </Button>
  );
}
