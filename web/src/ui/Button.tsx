import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";

import styles from "./Button.module.css";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style"> {
  /** `primary` is the one thing most people want here; `quiet` is for what stands in rows; `danger` cannot be undone. */
  look?: "primary" | "plain" | "quiet" | "danger";
  /** A square button that holds an icon. It needs an aria-label. */
  icon?: boolean;
}

export function Button({ look = "plain", icon = false, ...props }: ButtonProps) {
  return <AriaButton {...props} className={styles.button} data-look={look} data-icon={icon || undefined} />;
}
