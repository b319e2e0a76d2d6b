import { Link as AriaLink, type LinkProps } from "react-aria-components";

import styles from "./Link.module.css";

/** A link within the app (a path) or out of it (an address, opened beside the app and told nothing). */
export function Link({ href, ...props }: Omit<LinkProps, "className" | "style" | "target" | "rel"> & { href: string }) {
  const outward = /^[a-z]+:/i.test(href);
  return (
    <AriaLink
      {...props}
      href={href}
      target={outward ? "_blank" : undefined}
      rel={outward ? "noopener noreferrer" : undefined}
      className={styles.link}
    />
  );
}
