import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { Logo } from "../../ui/Logo.tsx";
import styles from "./EntryLayout.module.css";
import { LanguageMenu } from "./LanguageMenu.tsx";

export function EntryLayout({ children }: { children: ReactNode }) {
  const t = useTranslations();
  return (
    <div className={styles.page}>
      <main className={styles.card}>
        <header className={styles.header}>
          <Logo size={56} />
          <p className={styles.name}>{t("common.appName")}</p>
          <p className={styles.promise}>{t("auth.promise")}</p>
        </header>
        {children}
      </main>
      <footer className={styles.footer}>
        <LanguageMenu />
      </footer>
    </div>
  );
}
