import { useMemo } from "react";

import styles from "./Avatar.module.css";
import { useMedia } from "./useMedia.ts";

interface Props {
  /** Whose picture it is: gives the colour when there is none. */
  id: string;
  name: string;
  mxc: string | null | undefined;
  size?: "xs" | "s" | "m" | "l" | "xl";
}

const pixels = { xs: 16, s: 24, m: 36, l: 48, xl: 96 };
const colours = 8;

/** A picture of a person or a room, or the first letter of the name. It says nothing that does not stand beside it. */
export function Avatar({ id, name, mxc, size = "m" }: Props) {
  const source = useMemo(() => {
    const width = pixels[size];
    return mxc ? { url: mxc, thumbnail: { width, height: width, method: "crop" as const } } : undefined;
  }, [mxc, size]);
  const { url } = useMedia(source);
  return (
    <span className={styles.avatar} data-size={size} data-colour={colourOf(id)} aria-hidden>
      {url === undefined ? firstLetter(name) : <img src={url} alt="" />}
    </span>
  );
}

function firstLetter(name: string): string {
  const letters = new Intl.Segmenter().segment(name.replace(/^[@#!]/, ""));
  return [...letters][0]?.segment.toLocaleUpperCase() ?? "?";
}

export function colourOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % colours;
}
