import type { GeneratedSas } from "matrix-js-sdk/lib/crypto-api";
import { useTranslations } from "use-intl";

import styles from "./verification.module.css";

/** The seven emoji, or three numbers where the other side has no emoji. */
export function Emoji({ sas }: { sas: GeneratedSas }) {
  const t = useTranslations("security.verify");
  if (sas.emoji === undefined) {
    return <p className={styles.numbers}>{sas.decimal?.join(" ")}</p>;
  }
  return (
    <ol className={styles.emoji} aria-label={t("emoji")}>
      {sas.emoji.map(([picture, name], position) => (
        <li key={position}>
          <span aria-hidden className={styles.picture}>
            {picture}
          </span>
          <span lang="en">{name}</span>
        </li>
      ))}
    </ol>
  );
}
