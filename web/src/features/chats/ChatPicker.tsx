import { Check } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslations } from "use-intl";

import { TextField } from "../../ui/TextField.tsx";
import { Avatar } from "../media/Avatar.tsx";
import people from "../people/People.module.css";
import { useChatSections } from "./useChats.ts";

interface Props {
  /** The chats that were picked already. */
  done: ReadonlySet<string>;
  onPick: (roomId: string) => void;
}

/** Picks one of the user's chats. */
export function ChatPicker({ done, onPick }: Props) {
  const t = useTranslations("chats");
  const [words, setWords] = useState("");
  const { favourites, others, archived } = useChatSections("all", words);
  return (
    <>
      <TextField label={t("search")} value={words} onChange={setWords} autoFocus />
      <ul aria-label={t("list")}>
        {[...favourites, ...others, ...archived].slice(0, 50).map((chat) => (
          <li key={chat.roomId}>
            <Button className={people.person} isDisabled={done.has(chat.roomId)} onPress={() => onPick(chat.roomId)}>
              <Avatar id={chat.directUserId ?? chat.roomId} name={chat.name} mxc={chat.avatar} />
              <span className={people.words}>{chat.name}</span>
              {done.has(chat.roomId) && <Check size={20} aria-label={t("sent")} className={people.check} />}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}
