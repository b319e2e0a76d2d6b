import { Pencil, Reply, X } from "lucide-react";
import { useTranslations } from "use-intl";

import { Button } from "../../ui/Button.tsx";
import type { Intent } from "../timeline/model/conversation.tsx";
import { usePreview } from "../timeline/model/usePreview.ts";
import styles from "./Composer.module.css";

/** Says to what the message that is being written belongs. */
export function IntentBanner({ intent, onClose }: { intent: Intent; onClose: () => void }) {
  const t = useTranslations("composer");
  const preview = usePreview();
  if (intent.kind === "new") return null;
  const event = intent.kind === "reply" ? intent.to : intent.event;
  const Icon = intent.kind === "reply" ? Reply : Pencil;
  return (
    <div className={styles.banner}>
      <Icon size={16} aria-hidden />
      <span>
        <b>{intent.kind === "reply" ? t("replyTo", { name: event.sender?.name ?? "" }) : t("editing")}</b>{" "}
        {preview(event)}
      </span>
      <Button look="quiet" icon aria-label={t("leaveIntent")} onPress={onClose}>
        <X size={18} aria-hidden />
      </Button>
    </div>
  );
}
