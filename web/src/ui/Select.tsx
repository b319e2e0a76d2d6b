import { Check, ChevronDown } from "lucide-react";
import {
  Button,
  type Key,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select as AriaSelect,
  SelectValue,
} from "react-aria-components";

import menu from "./Menu.module.css";
import styles from "./Select.module.css";
import field from "./TextField.module.css";

interface Props<K extends string> {
  label: string;
  options: readonly { id: K; label: string }[];
  value: K;
  onChange: (value: K) => void;
}

/** One of several, which are shown when asked for. For two or three, Choice is plainer. */
export function Select<K extends string>({ label, options, value, onChange }: Props<K>) {
  const choose = (key: Key | null): void => {
    const chosen = options.find((option) => option.id === key);
    if (chosen !== undefined) {
      onChange(chosen.id);
    }
  };
  return (
    <AriaSelect className={field.field} value={value} onChange={choose}>
      <Label>{label}</Label>
      <Button className={styles.button}>
        <SelectValue />
        <ChevronDown size={16} aria-hidden />
      </Button>
      <Popover className={`${menu.popover} ${styles.popover}`}>
        <ListBox items={options} className={menu.menu}>
          {(option) => (
            <ListBoxItem textValue={option.label} className={menu.item}>
              {({ isSelected }) => (
                <>
                  <span className={styles.label}>{option.label}</span>
                  {isSelected && <Check size={16} aria-hidden />}
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
