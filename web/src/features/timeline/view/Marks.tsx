import { useFormatter, useTranslations } from "use-intl";

import styles from "./Marks.module.css";

export function DayMark({ ts }: { ts: number }) {
  const format = useFormatter();
  const t = useTranslations("timeline");
  const days = daysAgo(ts);
  const date = format.dateTime(ts, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(new Date(ts).getFullYear() !== new Date().getFullYear() && { year: "numeric" }),
  });
  return (
    <h3 className={styles.day}>
      <span>{days === 0 ? t("today") : days === 1 ? t("yesterday") : date}</span>
    </h3>
  );
}

export function UnreadMark() {
  const t = useTranslations("timeline");
  return (
    <div className={styles.unread} role="separator">
      <span>{t("unread")}</span>
    </div>
  );
}

function daysAgo(ts: number): number {
  const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(Date.now()) - midnight(ts)) / 86_400_000);
}
