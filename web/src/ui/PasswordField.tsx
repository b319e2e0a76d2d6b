import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";
import { FieldError, Input, Label, Text, TextField } from "react-aria-components";
import { useTranslations } from "use-intl";

import { Button } from "./Button.tsx";
import styles from "./PasswordField.module.css";
import field from "./TextField.module.css";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** So that password managers know what is asked for. */
  autoComplete: "current-password" | "new-password" | "off";
  name?: string;
  description?: string;
  error?: string | undefined;
  autoFocus?: boolean;
}

/** A secret, hidden until its owner wants to see it. */
export function PasswordField({ label, description, error, ...props }: Props) {
  const t = useTranslations("common");
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <TextField
      {...props}
      isRequired
      type={shown ? "text" : "password"}
      isInvalid={error !== undefined}
      className={field.field}
    >
      <Label>{label}</Label>
      <div className={styles.box}>
        <Input className={field.input} spellCheck={false} autoCapitalize="none" />
        <div className={styles.reveal}>
          <Button
            icon
            look="quiet"
            aria-label={shown ? t("hidePassword") : t("showPassword")}
            onPress={() => setShown(!shown)}
          >
            <Icon size={18} aria-hidden />
          </Button>
        </div>
      </div>
      {description !== undefined && (
        <Text slot="description" className={field.description}>
          {description}
        </Text>
      )}
      <FieldError className={field.error}>{error}</FieldError>
    </TextField>
  );
}
