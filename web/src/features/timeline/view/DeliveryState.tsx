import { Check, CheckCheck } from "lucide-react";
import { useCallback, useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";

import { useConversation } from "../model/conversation.tsx";
import { useTwoSites } from "./useTwoSites.ts";

/** How far a message of the user has come: to the server, or to somebody who has read it. */
export function DeliveryState({ eventId }: { eventId: string }) {
  const t = useTranslations("timeline.delivery");
  const { readers } = useConversation();
  const isRead = useCallback(() => readers.state.get().read.has(eventId), [readers, eventId]);
  const read = useSyncExternalStore(readers.state.subscribe, isRead);
  const twoSites = useTwoSites();
  const text = read ? t("read") : twoSites ? t("twoSites") : t("received");
  const Icon = read ? CheckCheck : Check;
  return (
    <span role="img" aria-label={text} title={text}>
      <Icon size={14} aria-hidden />
    </span>
  );
}
