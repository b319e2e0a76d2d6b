// What the outbox holds: one entry for each message on its way.
import type { TimelineEvents } from "matrix-js-sdk";
import type { EncryptedFile } from "matrix-js-sdk/lib/@types/media";

/** A file that goes with a message. It is uploaded first; what the upload gave is kept, so that a new page does not upload again. */
export interface OutgoingFile {
  name: string;
  mimetype: string;
  size: number;
  /** Set when the upload is done: the address, and in an encrypted room how to open what lies there. */
  uploaded?: UploadedFile;
}

export type UploadedFile = { url: string } | { file: EncryptedFile };

export interface OutboxEntry {
  /** The server gives one event to one transaction id, however often it is sent. */
  txnId: string;
  roomId: string;
  threadId?: string;
  type: keyof TimelineEvents;
  content: Record<string, unknown>;
  file?: OutgoingFile;
  /** A small picture of the file, to be shown first. */
  thumbnail?: OutgoingFile;
  createdAt: number;
}

/** The parts of an entry that are uploaded. */
export const uploadedParts = ["file", "thumbnail"] as const;
export type UploadedPart = (typeof uploadedParts)[number];

/** Where an entry stands on its way. */
export type Phase =
  /** Waits for those before it, or for the network. */
  | { name: "waiting" }
  | { name: "uploading"; progress: number }
  | { name: "sending" }
  /** The server has it; its echo has not come yet. */
  | { name: "sent"; eventId: string }
  /** The server refused it: it is sent again only when the sender says so. */
  | { name: "failed"; reason: string };

export interface Outgoing {
  readonly entry: OutboxEntry;
  readonly phase: Phase;
}

/** The content with which an entry is sent, once its files lie on the server. */
// Client-Server API, 11.3.4: in info, thumbnail_url or thumbnail_file says where the small picture is.
export function finishedContent({ content, file, thumbnail }: OutboxEntry): Record<string, unknown> {
  if (!file?.uploaded) return content;
  const finished = { ...content, ...file.uploaded };
  if (!thumbnail?.uploaded) return finished;
  const place =
    "file" in thumbnail.uploaded
      ? { thumbnail_file: thumbnail.uploaded.file }
      : { thumbnail_url: thumbnail.uploaded.url };
  return { ...finished, info: { ...(content.info as object), ...place } };
}
