import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";

import styles from "./Button.module.css";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children" | "isPending"> {
  /** `primary` is the one thing most people want here; `quiet` is for what stands in rows; `danger` cannot be undone. */
  look?: "primary" | "plain" | "quiet" | "danger";
  /** A square button that holds an icon. It needs an aria-label. */
  icon?: boolean;
  /** What the button does is under way: it keeps the focus, and cannot be pressed again. */
  isPending?: boolean;
  children?: ReactNode;
}

export function Button({ look = "plain", icon = false, isPending = false, onPress, type, ...props }: ButtonProps) {
  return (
    <AriaButton
      {...props}
      type={isPending ? "button" : type}
      onPress={isPending ? undefined : onPress}
      aria-disabled={isPending || undefined}
      className={styles.button}
      data-look={look}
      data-icon={icon || undefined}
      data-pending={isPending || undefined}
    />
  );
}
