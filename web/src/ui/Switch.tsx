import { SwitchButton, SwitchField, Text } from "react-aria-components";

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
    <SwitchField {...props}>
      <SwitchButton className={styles.switch}>
        {label}
        <span className={styles.track} aria-hidden />
      </SwitchButton>
      {description !== undefined && (
        <Text slot="description" className={styles.description}>
          {description}
        </Text>
      )}
    </SwitchField>
  );
}
