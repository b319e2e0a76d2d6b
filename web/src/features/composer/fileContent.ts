// The content of a message with a file, before the file is uploaded.
import { MsgType } from "matrix-js-sdk";

import { harmlessType } from "../media/mediaTypes.ts";

interface Measures {
  w?: number;
  h?: number;
  duration?: number;
}

export async function fileContent(file: File, caption?: string): Promise<Record<string, unknown>> {
  const msgtype = msgtypeOf(file.type);
  const name = file.name || "file";
  return {
    msgtype,
    "body": caption ?? name,
    "filename": name,
    "info": { mimetype: file.type || "application/octet-stream", size: file.size, ...(await measure(file, msgtype)) },
    "m.mentions": {},
  };
}

function msgtypeOf(mimetype: string): MsgType {
  const type = harmlessType(mimetype);
  if (type.startsWith("image/")) return MsgType.Image;
  if (type.startsWith("video/")) return MsgType.Video;
  if (type.startsWith("audio/")) return MsgType.Audio;
  return MsgType.File;
}

/** The size of a picture or a video, by which a place is kept for it. A file that the browser cannot read has none. */
async function measure(file: File, msgtype: MsgType): Promise<Measures> {
  try {
    if (msgtype === MsgType.Image) {
      const bitmap = await createImageBitmap(file);
      const { width: w, height: h } = bitmap;
      bitmap.close();
      return { w, h };
    }
    if (msgtype === MsgType.Video) return await measureMedia(file, document.createElement("video"));
    if (msgtype === MsgType.Audio) return await measureMedia(file, document.createElement("audio"));
  } catch {
    return {};
  }
  return {};
}

function measureMedia(file: File, element: HTMLMediaElement): Promise<Measures> {
  const url = URL.createObjectURL(file);
  return new Promise<Measures>((resolve) => {
    element.onerror = () => resolve({});
    element.onloadedmetadata = () => {
      const size = element instanceof HTMLVideoElement ? { w: element.videoWidth, h: element.videoHeight } : {};
      const duration = Number.isFinite(element.duration) ? { duration: Math.round(element.duration * 1000) } : {};
      resolve({ ...size, ...duration });
    };
    element.preload = "metadata";
    element.src = url;
  }).finally(() => URL.revokeObjectURL(url));
}
