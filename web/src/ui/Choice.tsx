import { Label, RadioButton, RadioField, RadioGroup, Text } from "react-aria-components";

import styles from "./Choice.module.css";

export interface ChoiceOption<T extends string> {
  value: T;
  label: string;
  description?: string;
}

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly ChoiceOption<T>[];
  onChange: (value: T) => void;
  isDisabled?: boolean;
}

/** One of a few, with all of them in sight. */
export function Choice<T extends string>({ label, value, options, onChange, isDisabled = false }: Props<T>) {
  return (
    <RadioGroup
      value={value}
      onChange={(chosen) => onChange(chosen as T)}
      isDisabled={isDisabled}
      className={styles.choice}
    >
      <Label>{label}</Label>
      {options.map((option) => (
        <RadioField key={option.value} value={option.value}>
          <RadioButton className={styles.option}>
            <span className={styles.dot} aria-hidden />
            {option.label}
          </RadioButton>
          {option.description !== undefined && (
            <Text slot="description" className={styles.description}>
              {option.description}
            </Text>
          )}
        </RadioField>
      ))}
    </RadioGroup>
  );
}
