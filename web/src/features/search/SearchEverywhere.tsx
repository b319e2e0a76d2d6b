import { useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { Modal } from "../../ui/Modal.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { permalinkPath } from "../room/permalinks.ts";
import { FoundMessages } from "./FoundMessages.tsx";
import { useSearchResults } from "./useSearchResults.ts";

/** Searches the messages of all chats, on the device. */
export default function SearchEverywhere({ onClose }: { onClose: () => void }) {
  const t = useTranslations("search");
  const [, navigate] = useLocation();
  const [words, setWords] = useState("");
  const { found } = useSearchResults(words);
  return (
    <Modal title={t("everywhere")} onClose={onClose}>
      <TextField label={t("words")} value={words} onChange={setWords} autoFocus />
      <FoundMessages
        rooms
        words={words}
        messages={found}
        onPick={({ roomId, eventId }) => {
          onClose();
          navigate(permalinkPath({ kind: "room", room: roomId, eventId, via: [] }));
        }}
      />
      <p>{t("onDevice")}</p>
    </Modal>
  );
}
