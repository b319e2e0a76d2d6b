import type { ReactNode } from "react";

import styles from "./Settings.module.css";

interface Props {
  title?: string;
  text?: string;
  children: ReactNode;
}

/** Settings that belong together. */
export function Group({ title, text, children }: Props) {
  return (
    <section className={styles.group}>
      {title !== undefined && <h3 className={styles.groupTitle}>{title}</h3>}
      {text !== undefined && <p className={styles.groupText}>{text}</p>}
      {children}
    </section>
  );
}
