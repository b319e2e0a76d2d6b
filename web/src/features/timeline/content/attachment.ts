// Reads the file out of a message (Client-Server API, 11.3: m.image, m.video, m.audio, m.file), distrusting everything in it.
import { EventType, type MatrixEvent, MsgType } from "matrix-js-sdk";
import type { EncryptedFile } from "matrix-js-sdk/lib/@types/media";

import type { MediaSource } from "../../media/MediaStore.ts";
import { isShownPicture } from "../../media/mediaTypes.ts";

export interface Attachment {
  kind: "picture" | "video" | "audio" | "file";
  source: MediaSource;
  /** What to show first; for encrypted pictures only when the sender has made one. */
  thumbnail: MediaSource | undefined;
  name: string;
  size: number | undefined;
  width: number | undefined;
  height: number | undefined;
  durationMs: number | undefined;
  /** Set for voice messages: loudness over time, from 0 to 1. */
  waveform: number[] | undefined;
  voice: boolean;
  /** Words that go with the file. */
  caption: string | undefined;
}

type Content = Record<string, unknown>;

const kinds: Record<string, Attachment["kind"]> = {
  [MsgType.Image]: "picture",
  [MsgType.Video]: "video",
  [MsgType.Audio]: "audio",
  [MsgType.File]: "file",
};

const attachments = new WeakMap<Content, Attachment | undefined>();

/** The file of a message; the same object for the same content. */
export function attachmentOf(event: MatrixEvent): Attachment | undefined {
  const content = event.getContent();
  if (!attachments.has(content)) attachments.set(content, read(event.getType(), content));
  return attachments.get(content);
}

function read(type: string, content: Content): Attachment | undefined {
  const sticker = type === EventType.Sticker.valueOf();
  const kind = sticker ? "picture" : kinds[String(content.msgtype)];
  const info = object(content.info);
  const mimetype = text(info.mimetype) ?? "";
  const source = sourceOf(content.url, content.file, mimetype);
  if (!kind || !source) return undefined;
  const body = text(content.body) ?? "";
  const filename = text(content.filename);
  const audio = object(content["org.matrix.msc1767.audio"]);
  return {
    kind: kind === "picture" && !isShownPicture(mimetype || "image/png") ? "file" : kind,
    source,
    thumbnail: thumbnailOf(kind, source, info),
    name: filename ?? body,
    size: number(info.size),
    width: number(info.w),
    height: number(info.h),
    durationMs: number(info.duration) ?? number(audio.duration),
    waveform: waveformOf(audio.waveform),
    voice: "org.matrix.msc3245.voice" in content,
    caption: filename !== undefined && filename !== body ? body : undefined,
  };
}

function thumbnailOf(kind: Attachment["kind"], source: MediaSource, info: Content): MediaSource | undefined {
  const given = sourceOf(
    info.thumbnail_url,
    info.thumbnail_file,
    text(object(info.thumbnail_info).mimetype) ?? "image/jpeg",
  );
  if (given) return given;
  if (kind !== "picture" || source.file || source.mimetype === "image/gif") return undefined;
  return { url: source.url, thumbnail: { width: 800, height: 600, method: "scale" } };
}

function sourceOf(url: unknown, file: unknown, mimetype: string): MediaSource | undefined {
  const encrypted = object(file);
  const address = text(encrypted.url) ?? text(url);
  if (!address?.startsWith("mxc://")) return undefined;
  return { url: address, mimetype, ...(text(encrypted.url) !== undefined && { file: file as EncryptedFile }) };
}

const loudest = 1024;
const mostBars = 120;

function waveformOf(value: unknown): number[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.slice(0, mostBars).map((level) => Math.min(1, Math.max(0, (number(level) ?? 0) / loudest)));
}

function object(value: unknown): Content {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
