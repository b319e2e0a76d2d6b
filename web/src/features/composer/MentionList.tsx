import { useTranslations } from "use-intl";

import { Avatar } from "../media/Avatar.tsx";
import styles from "./Composer.module.css";
import type { MentionChoices } from "./useMentionList.ts";

/** Offers people to mention. The focus stays in the text; the keys of the composer move through the list. */
export function MentionList({ list }: { list: MentionChoices }) {
  const t = useTranslations("composer");
  if (!list.open) return null;
  return (
    <div id={list.id} role="listbox" aria-label={t("people")} className={styles.mentions}>
      {list.members.map((member, index) => (
        // Reached from the text by aria-activedescendant.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={member.userId}
          id={`${list.id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === list.active}
          className={styles.mention}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => list.pick(member)}
        >
          <Avatar id={member.userId} name={member.rawDisplayName} mxc={member.getMxcAvatarUrl()} size="s" />
          {member.rawDisplayName}
          <small>{member.userId}</small>
        </div>
      ))}
    </div>
  );
}
