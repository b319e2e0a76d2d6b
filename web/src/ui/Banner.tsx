import { CircleCheck, Info, type LucideIcon, ShieldAlert, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import styles from "./Banner.module.css";

type Tone = "plain" | "good" | "warn" | "bad";

const icons: Record<Tone, LucideIcon> = { plain: Info, good: CircleCheck, warn: TriangleAlert, bad: ShieldAlert };

interface Props {
  tone?: Tone;
  children: ReactNode;
  /** Buttons, at the end. */
  actions?: ReactNode;
}

/** A remark beside other things, with a colour and an icon for how much it matters. */
export function Banner({ tone = "plain", children, actions }: Props) {
  const Icon = icons[tone];
  return (
    <div className={styles.banner} data-tone={tone}>
      <Icon size={18} aria-hidden className={styles.icon} />
      <div className={styles.words}>{children}</div>
      {actions}
    </div>
  );
}
