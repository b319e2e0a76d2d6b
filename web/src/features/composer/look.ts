// Looks into a picture, a video or a sound: how large it is, so that a place can be kept for it, and a small picture of it, so that others
// need not fetch the whole to see what it is.
import { MsgType } from "matrix-js-sdk";

export interface Thumbnail {
  blob: Blob;
  w: number;
  h: number;
}

export interface Look {
  measures: { w?: number; h?: number; duration?: number };
  thumbnail: Thumbnail | undefined;
}

const largestSide = 800;
/** A picture up to this size is its own thumbnail. */
const smallBytes = 150_000;
const nothing: Look = { measures: {}, thumbnail: undefined };

export async function look(file: File, msgtype: MsgType): Promise<Look> {
  switch (msgtype) {
    case MsgType.Image:
      return lookAtPicture(file);
    case MsgType.Video:
      return lookAtMedia(file, document.createElement("video"));
    case MsgType.Audio:
      return lookAtMedia(file, document.createElement("audio"));
    default:
      return nothing;
  }
}

async function lookAtPicture(file: File): Promise<Look> {
  const bitmap = await createImageBitmap(file);
  try {
    const { width: w, height: h } = bitmap;
    const small = file.size <= smallBytes || file.type === "image/gif";
    return { measures: { w, h }, thumbnail: small ? undefined : await shrink(bitmap, w, h) };
  } finally {
    bitmap.close();
  }
}

async function lookAtMedia(file: File, element: HTMLMediaElement): Promise<Look> {
  const url = URL.createObjectURL(file);
  try {
    element.muted = true;
    element.preload = "auto";
    element.src = url;
    await happened(element, "loadeddata");
    const duration = Number.isFinite(element.duration) ? { duration: Math.round(element.duration * 1000) } : {};
    if (!(element instanceof HTMLVideoElement)) return { measures: duration, thumbnail: undefined };
    const { videoWidth: w, videoHeight: h } = element;
    return { measures: { w, h, ...duration }, thumbnail: await shrink(element, w, h) };
  } finally {
    URL.revokeObjectURL(url);
  }
}

function happened(element: HTMLMediaElement, event: "loadeddata"): Promise<void> {
  return new Promise((resolve, reject) => {
    element.addEventListener(event, () => resolve(), { once: true });
    element.addEventListener("error", () => reject(new TypeError("the browser cannot play this file")), { once: true });
  });
}

async function shrink(source: CanvasImageSource, width: number, height: number): Promise<Thumbnail | undefined> {
  const scale = Math.min(1, largestSide / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const canvas = new OffscreenCanvas(w, h);
  const context = canvas.getContext("2d");
  if (!context) return undefined;
  context.drawImage(source, 0, 0, w, h);
  return { blob: await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 }), w, h };
}
