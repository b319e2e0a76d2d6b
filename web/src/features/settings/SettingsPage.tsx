import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { routes } from "../../app/routes.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./Settings.module.css";
import type { SectionId } from "./sections.ts";

interface Props {
  section: SectionId;
  children: ReactNode;
}

export function SettingsPage({ section, children }: Props) {
  const t = useTranslations();
  const [, navigate] = useLocation();
  return (
    <>
      <header className={styles.bar}>
        <div className={styles.phoneOnly}>
          <Button icon look="quiet" aria-label={t("common.back")} onPress={() => navigate(routes.settings)}>
            <ArrowLeft size={20} aria-hidden className={styles.arrow} />
          </Button>
        </div>
        <h2 className={styles.title}>{t(`settings.sections.${section}`)}</h2>
      </header>
      <div className={styles.scroll}>
        <div className={styles.page}>{children}</div>
      </div>
    </>
  );
}
