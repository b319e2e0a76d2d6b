import type { MatrixEvent } from "matrix-js-sdk";
import { useCallback } from "react";
import { useTranslations } from "use-intl";

import { memberChange } from "../model/memberChange.ts";

/** Says in plain words what a state event did. */
export function useNoticeText(): (event: MatrixEvent) => string {
  const t = useTranslations("timeline.notice");
  return useCallback(
    (event) => {
      const name = event.sender?.name ?? event.getSender() ?? "";
      const content = event.getContent();
      const texts: Record<string, () => string> = {
        "m.room.create": () => t("created", { name }),
        "m.room.member": () => {
          const target = event.target?.name ?? event.getStateKey() ?? "";
          const before = string(event.getPrevContent().displayname) || target;
          return t(memberChange(event), { name, target, before, now: string(content.displayname) || target });
        },
        "m.room.name": () =>
          content.name ? t("named", { name, title: string(content.name) }) : t("unnamed", { name }),
        "m.room.topic": () =>
          content.topic ? t("topic", { name, topic: string(content.topic) }) : t("topicRemoved", { name }),
        "m.room.avatar": () => t("picture", { name }),
        "m.room.encryption": () => t("encrypted", { name }),
        "m.room.join_rules": () => t("joinRule", { name, rule: string(content.join_rule) }),
        "m.room.history_visibility": () => t("history", { name, visibility: string(content.history_visibility) }),
        "m.room.guest_access": () => t("guests", { name, access: string(content.guest_access) }),
        "m.room.power_levels": () => t("roles", { name }),
        "m.room.pinned_events": () => t("pinned", { name }),
        "m.room.tombstone": () => t("upgraded", { name }),
      };
      return texts[event.getType()]?.() ?? t("other", { name });
    },
    [t],
  );
}

function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}
