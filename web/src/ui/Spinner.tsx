import { ProgressBar } from "react-aria-components";

import styles from "./Spinner.module.css";

export function Spinner({ label }: { label: string }) {
  return (
    <ProgressBar aria-label={label} isIndeterminate className={styles.spinner}>
      <svg viewBox="0 0 24 24" aria-hidden>
        <circle cx="12" cy="12" r="9" />
      </svg>
    </ProgressBar>
  );
}
