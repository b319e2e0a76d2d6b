import { ArrowLeft } from "lucide-react";
import { Link } from "react-aria-components";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { routes, settingsPath } from "../../app/routes.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./Settings.module.css";
import { type SectionId, sectionIds, sections } from "./sections.ts";

export function SectionList({ selected }: { selected: SectionId }) {
  const t = useTranslations("settings");
  const common = useTranslations("common");
  const [, navigate] = useLocation();
  return (
    <>
      <header className={styles.bar}>
        <Button icon look="quiet" aria-label={common("back")} onPress={() => navigate(routes.home)}>
          <ArrowLeft size={20} aria-hidden className={styles.arrow} />
        </Button>
        <h1 className={styles.title}>{t("title")}</h1>
      </header>
      <ul className={styles.sections}>
        {sectionIds.map((id) => {
          const { icon: Icon } = sections[id];
          return (
            <li key={id}>
              <Link
                href={settingsPath(id)}
                className={styles.section}
                aria-current={id === selected ? "page" : undefined}
              >
                <Icon size={20} aria-hidden />
                {t(`sections.${id}`)}
              </Link>
            </li>
          );
        })}
      </ul>
    </>
  );
}
