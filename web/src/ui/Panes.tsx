import type { ReactNode } from "react";

import styles from "./Panes.module.css";

interface Props {
  list: ReactNode;
  main: ReactNode;
  side?: ReactNode;
  /** The pane that a phone, which has room for one, shows. */
  front: "list" | "main" | "side";
}

/** A list, what was chosen from it, and optionally something about that: side by side, or one at a time on a phone. */
export function Panes({ list, main, side, front }: Props) {
  return (
    <div className={styles.panes} data-front={front}>
      <nav className={styles.list}>{list}</nav>
      <main className={styles.main}>{main}</main>
      {side !== undefined && <aside className={styles.side}>{side}</aside>}
    </div>
  );
}
