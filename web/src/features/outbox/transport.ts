// The outbox's way to the server, through the SDK, which encrypts.
import { encryptAttachment } from "matrix-encrypt-attachment";
import {
  ConnectionError,
  EventStatus,
  type MatrixClient,
  MatrixError,
  type MatrixEvent,
  type Room,
} from "matrix-js-sdk";

import { finishedContent, type OutboxEntry, type OutgoingFile, type UploadedFile } from "./entry.ts";
import type { Transport } from "./outbox.ts";

const longestPause = 30_000;

export class ClientTransport implements Transport {
  private readonly client: MatrixClient;

  constructor(client: MatrixClient) {
    this.client = client;
  }

  async upload(
    entry: OutboxEntry,
    file: OutgoingFile,
    blob: Blob,
    onProgress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<UploadedFile> {
    if (!(await this.encrypts(entry.roomId))) {
      return { url: await this.put(blob, onProgress, signal, file.name) };
    }
    const { data, info } = await encryptAttachment(await blob.arrayBuffer());
    const url = await this.put(new Blob([data]), onProgress, signal);
    return { file: { ...info, v: info.v ?? "v2", hashes: { ...info.hashes }, url } };
  }

  async send(entry: OutboxEntry): Promise<string> {
    const room = this.client.getRoom(entry.roomId);
    // Without the room's state the SDK could not know that it has to encrypt.
    if (!room) throw new Error("the room has not been synced yet");
    const begun = this.begun(room, entry.txnId);
    if (begun) {
      // The SDK has this transaction already: sent again it keeps its id, and its ciphertext.
      const { event_id } = await this.client.resendEvent(begun, room);
      return event_id;
    }
    const { event_id } = await this.client.sendEvent(
      entry.roomId,
      entry.threadId ?? null,
      entry.type,
      finishedContent(entry) as never,
      entry.txnId,
    );
    return event_id;
  }

  discard(entry: OutboxEntry): void {
    const room = this.client.getRoom(entry.roomId);
    const begun = room && this.begun(room, entry.txnId);
    if (begun?.status === EventStatus.NOT_SENT) this.client.cancelPendingEvent(begun);
  }

  isRefusal(error: unknown): boolean {
    if (error instanceof ConnectionError) return false;
    // The browser refuses to encrypt what does not fit into its memory.
    if (!(error instanceof MatrixError)) return error instanceof RangeError;
    const status = error.httpStatus ?? 0;
    return status >= 400 && status < 500 && !error.isRateLimitError() && status !== 401 && status !== 408;
  }

  pause(error: unknown, attempts: number): number {
    const asked = error instanceof MatrixError && error.isRateLimitError() ? (error.getRetryAfterMs() ?? 0) : 0;
    return Math.max(asked, Math.min(longestPause, 500 * 2 ** attempts) * (0.75 + Math.random() / 2));
  }

  private async encrypts(roomId: string): Promise<boolean> {
    return (await this.client.getCrypto()?.isEncryptionEnabledInRoom(roomId)) ?? false;
  }

  private begun(room: Room, txnId: string): MatrixEvent | undefined {
    return room.getPendingEvents().find((event) => event.getTxnId() === txnId);
  }

  private async put(
    file: Blob,
    onProgress: (share: number) => void,
    signal: AbortSignal,
    name?: string,
  ): Promise<string> {
    const abortController = new AbortController();
    signal.addEventListener("abort", () => abortController.abort());
    const { content_uri } = await this.client.uploadContent(file, {
      ...(name === undefined ? { includeFilename: false } : { name }),
      type: name === undefined ? "application/octet-stream" : file.type,
      abortController,
      progressHandler: ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0),
    });
    return content_uri;
  }
}
