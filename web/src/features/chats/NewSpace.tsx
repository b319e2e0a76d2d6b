import { useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { roomPath } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { createSpace } from "./create.ts";

export default function NewSpace({ onClose }: { onClose: () => void }) {
  const t = useTranslations("chats.newSpace");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act, busy } = useAct();
  const [name, setName] = useState("");
  const [topic, setTopic] = useState("");
  const [open, setOpen] = useState(false);
  const create = (): void =>
    void act(async () => {
      const roomId = await createSpace(client, name.trim(), topic.trim(), open);
      onClose();
      navigate(roomPath(roomId));
    });
  return (
    <Modal title={t("title")} onClose={onClose}>
      <p>{t("text")}</p>
      <SubmitForm action={t("create")} busy={busy} isDisabled={name.trim() === ""} onSubmit={create}>
        <TextField label={t("name")} value={name} onChange={setName} autoFocus isRequired />
        <TextField label={t("topic")} value={topic} onChange={setTopic} lines={2} />
        <Switch label={t("open")} isSelected={open} onChange={setOpen} />
      </SubmitForm>
    </Modal>
  );
}
