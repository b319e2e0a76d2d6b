import {
  FieldError,
  Input,
  Label,
  Text,
  TextArea,
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
} from "react-aria-components";

import styles from "./TextField.module.css";

export interface TextFieldProps extends Omit<AriaTextFieldProps, "className" | "style" | "children"> {
  label: string;
  /** Keeps the label for screen readers only. */
  hideLabel?: boolean;
  description?: string | undefined;
  error?: string | undefined;
  placeholder?: string;
  /** Set it to "none" for names and addresses, which phones would otherwise begin with a capital. */
  autoCapitalize?: "none";
  lines?: number;
}

export function TextField({
  label,
  hideLabel = false,
  description,
  error,
  placeholder,
  autoCapitalize,
  lines = 1,
  ...props
}: TextFieldProps) {
  return (
    <AriaTextField
      {...props}
      className={styles.field}
      isInvalid={error !== undefined}
      {...(hideLabel && { "aria-label": label })}
    >
      {!hideLabel && <Label>{label}</Label>}
      {lines > 1 ? (
        <TextArea rows={lines} placeholder={placeholder} className={styles.input} />
      ) : (
        <Input placeholder={placeholder} autoCapitalize={autoCapitalize} className={styles.input} />
      )}
      {description !== undefined && (
        <Text slot="description" className={styles.description}>
          {description}
        </Text>
      )}
      <FieldError className={styles.error}>{error}</FieldError>
    </AriaTextField>
  );
}
