// What a browser may be shown directly. Anything else is only ever saved: a page or a drawing opened from this origin could act in the
// user's name.
const shown = new Set([
  ...["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/apng"],
  ...["video/mp4", "video/webm", "video/ogg", "video/quicktime"],
  ...["audio/mp4", "audio/webm", "audio/aac", "audio/mpeg", "audio/ogg", "audio/wave", "audio/wav", "audio/x-wav"],
  ...["audio/flac", "audio/x-flac"],
]);

/** The type under which a file is handed to the browser. */
export function harmlessType(mimetype: string | undefined): string {
  const plain = mimetype?.split(";")[0]?.trim().toLowerCase() ?? "";
  return shown.has(plain) ? plain : "application/octet-stream";
}

export function isShownPicture(mimetype: string): boolean {
  return harmlessType(mimetype).startsWith("image/");
}
