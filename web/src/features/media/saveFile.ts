/** How long the browser has to begin the download before the file is let go. */
const graceMs = 60_000;

/** Hands a file to the browser's downloads. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name || "file";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), graceMs);
}
