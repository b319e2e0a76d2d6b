import type { ReactNode } from "react";

import styles from "./Notice.module.css";

interface Props {
  title: string;
  text?: string;
  children?: ReactNode;
}

/** A few words in the middle of an otherwise empty pane. */
export function Notice({ title, text, children }: Props) {
  return (
    <div className={styles.notice}>
      <h2>{title}</h2>
      {text !== undefined && <p>{text}</p>}
      {children}
    </div>
  );
}
