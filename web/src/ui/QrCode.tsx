import encodeQR from "qr";
import { useMemo } from "react";

import styles from "./QrCode.module.css";

interface Props {
  /** Text, or bytes, which are drawn as they are. */
  content: string | Uint8Array | Uint8ClampedArray;
  label: string;
}

export function QrCode({ content, label }: Props) {
  const { size, path } = useMemo(() => draw(content), [content]);
  return (
    <svg
      className={styles.code}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <path d={path} />
    </svg>
  );
}

function draw(content: Props["content"]): { size: number; path: string } {
  const rows =
    typeof content === "string"
      ? encodeQR(content, "raw", { border: 2 })
      : encodeQR(latin1(content), "raw", { border: 2, encoding: "byte", textEncoder: bytesOf });
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : []))).join("");
  return { size: rows.length, path };
}

/** A text whose every character stands for one byte. */
function latin1(bytes: Uint8Array | Uint8ClampedArray): string {
  return String.fromCharCode(...bytes);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
