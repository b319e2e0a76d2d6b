import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { Modal } from "../../../ui/Modal.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { TextField } from "../../../ui/TextField.tsx";
import type { SessionInfo } from "./useSessions.ts";

interface Props {
  session: SessionInfo;
  onClose: () => void;
  onChange: () => void;
}

export function RenameSession({ session, onClose, onChange }: Props) {
  const t = useTranslations("settings.sessions");
  const common = useTranslations("common");
  const client = useClient();
  const { act, busy } = useAct();
  const [name, setName] = useState(session.name);
  const save = async (): Promise<void> => {
    if (await act(() => client.setDeviceDetails(session.deviceId, { display_name: name.trim() }))) {
      onChange();
      onClose();
    }
  };
  return (
    <Modal title={t("rename")} onClose={onClose}>
      <SubmitForm action={common("save")} onSubmit={() => void save()} busy={busy} isDisabled={name.trim() === ""}>
        <TextField label={t("name")} description={t("nameText")} value={name} onChange={setName} autoFocus />
      </SubmitForm>
    </Modal>
  );
}
