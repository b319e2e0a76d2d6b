import type { ReactNode, SyntheticEvent } from "react";
import { Form } from "react-aria-components";

import { Button } from "./Button.tsx";
import styles from "./SubmitForm.module.css";

interface Props {
  /** What the button says. */
  action: string;
  onSubmit: () => void;
  busy?: boolean;
  isDisabled?: boolean;
  children: ReactNode;
}

/** Fields, and the one button that sends them. */
export function SubmitForm({ action, onSubmit, busy = false, isDisabled = false, children }: Props) {
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Form className={styles.form} onSubmit={submit}>
      {children}
      <Button type="submit" look="primary" isPending={busy} isDisabled={isDisabled}>
        {action}
      </Button>
    </Form>
  );
}
