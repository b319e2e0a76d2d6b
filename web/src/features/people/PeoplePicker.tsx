import { X } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { Avatar } from "../media/Avatar.tsx";
import { PersonRow } from "./PersonRow.tsx";
import styles from "./People.module.css";
import { type Person, usePeople } from "./usePeople.ts";

interface Props {
  chosen: readonly Person[];
  onChange: (people: readonly Person[]) => void;
  /** People who cannot be chosen, since they are there already. */
  without?: ReadonlySet<string>;
}

/** Chooses several people by name, address or link. */
export function PeoplePicker({ chosen, onChange, without }: Props) {
  const t = useTranslations("chats.people");
  const [words, setWords] = useState("");
  const people = usePeople(words);
  const isChosen = ({ userId }: Person): boolean => chosen.some((other) => other.userId === userId);
  const toggle = (person: Person): void => {
    onChange(isChosen(person) ? chosen.filter(({ userId }) => userId !== person.userId) : [...chosen, person]);
  };
  return (
    <div className={styles.picker}>
      {chosen.length > 0 && (
        <ul className={styles.chosen} aria-label={t("chosen")}>
          {chosen.map((person) => (
            <li key={person.userId}>
              <Avatar id={person.userId} name={person.name} mxc={person.avatar} size="s" />
              <span>{person.name}</span>
              <Button look="quiet" icon aria-label={t("remove", { name: person.name })} onPress={() => toggle(person)}>
                <X size={16} aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <TextField label={t("search")} description={t("searchHelp")} value={words} onChange={setWords} autoFocus />
      <ul className={styles.list} aria-label={t("found")}>
        {people
          .filter(({ userId }) => !without?.has(userId))
          .map((person) => (
            <li key={person.userId}>
              <PersonRow person={person} selected={isChosen(person)} onPress={() => toggle(person)} />
            </li>
          ))}
      </ul>
    </div>
  );
}
