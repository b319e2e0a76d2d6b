import { useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { roomPath } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { PicturePicker } from "../media/PicturePicker.tsx";
import { PeoplePicker } from "../people/PeoplePicker.tsx";
import type { Person } from "../people/usePeople.ts";
import { createGroup } from "./create.ts";

const steps = ["name", "people", "options"] as const;

/** Makes a group in three steps: what it is called, who is in it, who may come. */
export default function NewGroup({ onClose }: { onClose: () => void }) {
  const t = useTranslations("chats.newGroup");
  const common = useTranslations("common");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act, busy } = useAct();
  const [step, setStep] = useState(0);
  const [name, setName] = useState("");
  const [topic, setTopic] = useState("");
  const [picture, setPicture] = useState<File>();
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [open, setOpen] = useState(false);
  const [alias, setAlias] = useState("");
  const [encrypted, setEncrypted] = useState(true);

  const last = step === steps.length - 1;
  const create = (): void =>
    void act(async () => {
      const invite = people.map(({ userId }) => userId);
      const options = {
        name: name.trim(),
        topic: topic.trim(),
        picture,
        invite,
        open,
        alias: open ? alias.trim() : "",
      };
      const roomId = await createGroup(client, { ...options, encrypted: encrypted && !open });
      onClose();
      navigate(roomPath(roomId));
    });
  const footer = (
    <>
      {step > 0 && <Button onPress={() => setStep(step - 1)}>{common("back")}</Button>}
      <Button
        look="primary"
        isDisabled={name.trim() === ""}
        isPending={busy}
        onPress={() => (last ? create() : setStep(step + 1))}
      >
        {last ? t("create") : t("next")}
      </Button>
    </>
  );
  return (
    <Modal title={t("step", { number: step + 1, total: steps.length })} onClose={onClose} footer={footer} keepOpen>
      {steps[step] === "name" && (
        <>
          <PicturePicker label={t("picture")} name={name} picture={picture} onChange={setPicture} />
          <TextField label={t("name")} value={name} onChange={setName} maxLength={120} autoFocus isRequired />
          <TextField label={t("topic")} value={topic} onChange={setTopic} lines={2} />
        </>
      )}
      {steps[step] === "people" && <PeoplePicker chosen={people} onChange={setPeople} />}
      {steps[step] === "options" && (
        <>
          <Switch label={t("open")} description={t("openHelp")} isSelected={open} onChange={setOpen} />
          {open && (
            <TextField
              label={t("alias")}
              description={t("aliasHelp", { address: `#${alias || "…"}:${client.getDomain() ?? ""}` })}
              value={alias}
              onChange={setAlias}
            />
          )}
          <Switch
            label={t("encrypted")}
            description={open ? t("encryptedOpen") : t("encryptedHelp")}
            isSelected={encrypted && !open}
            isDisabled={open}
            onChange={setEncrypted}
          />
        </>
      )}
    </Modal>
  );
}
