import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";

import styles from "./Body.module.css";

interface Props {
  reason: string;
  children: ReactNode;
}

/** Words that are shown only to who wants to see them. */
export function Spoiler({ reason, children }: Props) {
  const t = useTranslations("timeline");
  const [shown, setShown] = useState(false);
  if (shown) return <span className={styles.revealed}>{children}</span>;
  return (
    <button type="button" className={styles.spoiler} onClick={() => setShown(true)}>
      {reason === "" ? t("spoiler") : t("spoilerOf", { reason })}
    </button>
  );
}
