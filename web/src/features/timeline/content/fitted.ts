interface Size {
  width: number;
  height: number;
}

const largest: Size = { width: 352, height: 352 };
const unknown: Size = { width: 320, height: 240 };
const least = 64;

/** The size at which a picture is drawn in a message: within bounds, in its own proportions. */
export function fitted({ width, height }: { width: number | undefined; height: number | undefined }): Size {
  if (!width || !height) return unknown;
  const scale = Math.min(1, largest.width / width, largest.height / height);
  return { width: Math.max(least, Math.round(width * scale)), height: Math.max(least, Math.round(height * scale)) };
}
