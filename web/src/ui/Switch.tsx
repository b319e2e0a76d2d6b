import { Switch as AriaSwitch } from "react-aria-components";

import styles from "./Switch.module.css";

interface Props {
  label: string;
  description?: string;
  isSelected: boolean;
  onChange: (on: boolean) => void;
  isDisabled?: boolean;
}

export function Switch({ label, description, ...props }: Props) {
  return (
    <AriaSwitch {...props} className={styles.switch}>
      <span>
        {label}
        {description !== undefined && <span className={styles.description}>{description}</span>}
      </span>
      <span className={styles.track} aria-hidden />
    </AriaSwitch>
  );
}
