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

/**
 * Fields, and the one button that sends them. What was wrong with the last answer does not keep a form from being sent again, as the
 * browser's own validation would; what is required and empty does, and gets the focus.
 */
export function SubmitForm({ action, onSubmit, busy = false, isDisabled = false, children }: Props) {
  const submit = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const required = event.currentTarget.querySelectorAll<HTMLInputElement>("input[aria-required=true]");
    const missing = [...required].find(({ value }) => value === "");
    if (missing === undefined) {
      onSubmit();
    } else {
      missing.focus();
    }
  };
  return (
    <Form className={styles.form} onSubmit={submit} validationBehavior="aria">
      {children}
      <Button type="submit" look="primary" isPending={busy} isDisabled={isDisabled}>
        {action}
      </Button>
    </Form>
  );
}
