import { useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { roomPath } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { PersonRow } from "../people/PersonRow.tsx";
import styles from "../people/People.module.css";
import { usePeople } from "../people/usePeople.ts";
import { openDirectChat } from "./create.ts";

export default function StartChat({ onClose }: { onClose: () => void }) {
  const t = useTranslations("chats");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act, busy } = useAct();
  const [words, setWords] = useState("");
  const people = usePeople(words);
  const start = async (userId: string): Promise<void> => {
    if (busy) return;
    await act(async () => {
      const roomId = await openDirectChat(client, userId);
      onClose();
      navigate(roomPath(roomId));
    });
  };
  return (
    <Modal title={t("startChat.title")} onClose={onClose}>
      <TextField
        label={t("people.search")}
        description={t("people.searchHelp")}
        value={words}
        onChange={setWords}
        autoFocus
      />
      <ul className={styles.list} aria-label={t("people.found")}>
        {people.map((person) => (
          <li key={person.userId}>
            <PersonRow person={person} onPress={() => void start(person.userId)} />
          </li>
        ))}
      </ul>
      {words.trim() !== "" && people.length === 0 && <p>{t("people.nobody")}</p>}
    </Modal>
  );
}
