import { Check } from "lucide-react";
import { Button } from "react-aria-components";

import { Avatar } from "../media/Avatar.tsx";
import styles from "./People.module.css";
import type { Person } from "./usePeople.ts";

interface Props {
  person: Person;
  /** Left out where people are not chosen but opened. */
  selected?: boolean;
  note?: string | undefined;
  onPress: () => void;
}

export function PersonRow({ person, selected, note, onPress }: Props) {
  return (
    <Button className={styles.person} onPress={onPress} {...(selected !== undefined && { "aria-pressed": selected })}>
      <Avatar id={person.userId} name={person.name} mxc={person.avatar} />
      <span className={styles.words}>
        <span className={styles.name} dir="auto">
          {person.name}
        </span>
        <span className={styles.id}>{person.userId}</span>
      </span>
      {note !== undefined && <span className={styles.note}>{note}</span>}
      {selected && <Check size={20} aria-hidden className={styles.check} />}
    </Button>
  );
}
