import { Fragment } from "react";

import { Link } from "./Link.tsx";

const address = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])/gi;

/** Plain text, in which web addresses can be followed. */
export function TextWithLinks({ text }: { text: string }) {
  const parts = text.split(address);
  return parts.map((part, index) =>
    index % 2 === 1 ? (
      <Link key={index} href={part}>
        {part}
      </Link>
    ) : (
      <Fragment key={index}>{part}</Fragment>
    ),
  );
}

/** The first web address of a text. */
export function firstAddress(text: string): string | undefined {
  return text.match(address)?.find((found) => !found.startsWith("https://matrix.to/"));
}
