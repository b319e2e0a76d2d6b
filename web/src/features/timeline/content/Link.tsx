import type { ReactNode } from "react";
import { Link as AriaLink } from "react-aria-components";

import { Person } from "../../room/Person.tsx";
import { parsePermalink, permalinkPath } from "../../room/permalinks.ts";
import styles from "./Body.module.css";

interface Props {
  href: string | null;
  children: ReactNode;
}

/** A link of a message. What leads to a person, a room or a message stays in the app. */
export function Link({ href, children }: Props) {
  if (href === null) return children;
  const target = parsePermalink(href);
  if (target?.kind === "user") return <Person userId={target.userId} />;
  if (target) {
    return (
      <AriaLink href={permalinkPath(target)} className={styles.pill}>
        {children}
      </AriaLink>
    );
  }
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}
