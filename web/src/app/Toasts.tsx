import { X } from "lucide-react";
import {
  Button,
  Text,
  UNSTABLE_Toast as ToastItem,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { useTranslations } from "use-intl";

import styles from "./Toasts.module.css";
import { toasts } from "./toasts.ts";

export function Toasts() {
  const t = useTranslations("common");
  return (
    <ToastRegion queue={toasts} className={styles.region}>
      {({ toast }) => (
        <ToastItem toast={toast} className={styles.toast} data-tone={toast.content.tone}>
          <ToastContent className={styles.content}>
            <Text slot="title">{toast.content.text}</Text>
          </ToastContent>
          <Button slot="close" aria-label={t("close")} className={styles.close}>
            <X size={18} aria-hidden />
          </Button>
        </ToastItem>
      )}
    </ToastRegion>
  );
}
