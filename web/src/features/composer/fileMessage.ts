// The content of a message with a file, before the file is uploaded, and the small picture that is shown first.
import { MsgType } from "matrix-js-sdk";

import { harmlessType } from "../media/mediaTypes.ts";
import { look } from "./look.ts";

export interface FileMessage {
  content: Record<string, unknown>;
  thumbnail: Blob | undefined;
}

export async function fileMessage(file: File, caption?: string): Promise<FileMessage> {
  const msgtype = msgtypeOf(file.type);
  const name = file.name || "file";
  // A file that the browser cannot read is sent all the same.
  const { measures, thumbnail } = await look(file, msgtype).catch(() => ({ measures: {}, thumbnail: undefined }));
  const info = {
    mimetype: file.type || "application/octet-stream",
    size: file.size,
    ...measures,
    ...(thumbnail && {
      thumbnail_info: { mimetype: thumbnail.blob.type, size: thumbnail.blob.size, w: thumbnail.w, h: thumbnail.h },
    }),
  };
  return {
    content: { msgtype, "body": caption ?? name, "filename": name, info, "m.mentions": {} },
    thumbnail: thumbnail?.blob,
  };
}

function msgtypeOf(mimetype: string): MsgType {
  const type = harmlessType(mimetype);
  if (type.startsWith("image/")) return MsgType.Image;
  if (type.startsWith("video/")) return MsgType.Video;
  if (type.startsWith("audio/")) return MsgType.Audio;
  return MsgType.File;
}
