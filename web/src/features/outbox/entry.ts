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
  createdAt: number;
}

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

/** The content with which an entry is sent, once its file lies on the server. */
export function finishedContent({ content, file }: OutboxEntry): Record<string, unknown> {
  return file?.uploaded ? { ...content, ...file.uploaded } : content;
}
