import { useState } from "react";
import { useTranslations } from "use-intl";

import { tell } from "../../../app/toasts.ts";
import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { withUia } from "../../../matrix/uia.ts";
import { PasswordField } from "../../../ui/PasswordField.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { Switch } from "../../../ui/Switch.tsx";
import { askUser } from "../../auth/uiaPrompt.ts";

const minPassword = 8;

export function PasswordForm() {
  const t = useTranslations("settings.account");
  const client = useClient();
  const { act, busy } = useAct();
  const [password, setPassword] = useState("");
  const [endOthers, setEndOthers] = useState(true);
  const change = async (): Promise<void> => {
    const changed = await act(() => withUia((auth) => client.setPassword(auth ?? {}, password, endOthers), askUser));
    if (changed) {
      setPassword("");
      tell(t("passwordChanged"));
    }
  };
  return (
    <SubmitForm
      action={t("changePassword")}
      onSubmit={() => void change()}
      busy={busy}
      isDisabled={password.length < minPassword}
    >
      <PasswordField label={t("newPassword")} value={password} onChange={setPassword} autoComplete="new-password" />
      <Switch label={t("endOthers")} description={t("endOthersText")} isSelected={endOthers} onChange={setEndOthers} />
    </SubmitForm>
  );
}
