import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuTrigger,
  Popover,
  Separator,
  type PopoverProps,
} from "react-aria-components";

import styles from "./Menu.module.css";

interface MenuProps {
  /** The button that opens the menu. */
  trigger: ReactNode;
  label: string;
  children: ReactNode;
  placement?: PopoverProps["placement"];
}

export function Menu({ trigger, label, children, placement = "bottom end" }: MenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover placement={placement} className={styles.popover}>
        <AriaMenu aria-label={label} className={styles.menu}>
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

interface MenuItemProps {
  icon: LucideIcon;
  onAction: () => void;
  children: string;
  danger?: boolean;
}

export function MenuItem({ icon: Icon, onAction, children, danger = false }: MenuItemProps) {
  return (
    <AriaMenuItem onAction={onAction} textValue={children} className={styles.item} data-danger={danger || undefined}>
      <Icon size={18} aria-hidden />
      {children}
    </AriaMenuItem>
  );
}

export function MenuSeparator() {
  return <Separator className={styles.separator} />;
}
