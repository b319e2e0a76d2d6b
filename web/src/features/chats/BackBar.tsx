import { ArrowLeft } from "lucide-react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { routes } from "../../app/routes.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./BackBar.module.css";

/** The way back to the list of chats, on a phone, where the list is not in sight. */
export function BackBar() {
  const t = useTranslations("room");
  const [, navigate] = useLocation();
  return (
    <div className={styles.bar}>
      <Button look="quiet" icon aria-label={t("back")} onPress={() => navigate(routes.home)}>
        <ArrowLeft size={20} aria-hidden />
      </Button>
    </div>
  );
}
