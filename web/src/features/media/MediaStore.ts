// Files of messages: fetched with the user's token, decrypted on the device, handed to the page as blob URLs.
//
// A URL is shared by all who show the same file, lives while one of them does, and for a while longer, so that scrolling back does not
// fetch again. The store holds no more than a bounded number of files that nobody shows.
import { decryptAttachment } from "matrix-encrypt-attachment";
import type { MatrixClient } from "matrix-js-sdk";
import type { EncryptedFile } from "matrix-js-sdk/lib/@types/media";

import { harmlessType } from "./mediaTypes.ts";

const keptUnused = 100;

/** Where a file is, and how to open it. */
export interface MediaSource {
  url: string;
  /** Set when the file is encrypted. */
  file?: EncryptedFile;
  mimetype?: string;
  /** Ask the server for a small picture; not possible for encrypted files. */
  thumbnail?: { width: number; height: number; method: "crop" | "scale" };
}

interface Held {
  url: Promise<string>;
  users: number;
}

export class MediaStore {
  private readonly client: MatrixClient;
  private readonly held = new Map<string, Held>();

  constructor(client: MatrixClient) {
    this.client = client;
  }

  /** A blob URL of the file; `release` it when it is no longer shown. */
  acquire(source: MediaSource): Promise<string> {
    const key = keyOf(source);
    const held = this.held.get(key) ?? { url: this.load(source), users: 0 };
    held.users++;
    this.held.delete(key);
    this.held.set(key, held);
    held.url.catch(() => this.held.delete(key));
    return held.url;
  }

  release(source: MediaSource): void {
    const held = this.held.get(keyOf(source));
    if (held) held.users--;
    this.evict();
  }

  /** The file itself, to save or to forward it. */
  async fetch(source: MediaSource, signal?: AbortSignal): Promise<Blob> {
    const { url, file, thumbnail } = source;
    const [width, height, method] = file || !thumbnail ? original : sized(thumbnail);
    const http = this.client.mxcUrlToHttp(file?.url ?? url, width, height, method, false, true, true);
    if (!http) throw new TypeError("not a media address");
    const token = this.client.getAccessToken() ?? "";
    const response = await fetch(http, { headers: { Authorization: `Bearer ${token}` }, ...(signal && { signal }) });
    if (!response.ok) throw new TypeError(`the server answered ${response.status}`);
    const bytes = await response.arrayBuffer();
    const data = file ? await decryptAttachment(bytes, file) : bytes;
    const type = thumbnail && !file ? (response.headers.get("Content-Type") ?? "") : source.mimetype;
    return new Blob([data], { type: harmlessType(type) });
  }

  /** Gives back all that is held. */
  clear(): void {
    for (const { url } of this.held.values()) void revoke(url);
    this.held.clear();
  }

  private async load(source: MediaSource): Promise<string> {
    return URL.createObjectURL(await this.fetch(source));
  }

  private evict(): void {
    const unused = [...this.held].filter(([, { users }]) => users <= 0);
    for (const [key, { url }] of unused.slice(0, Math.max(0, unused.length - keptUnused))) {
      this.held.delete(key);
      void revoke(url);
    }
  }
}

async function revoke(url: Promise<string>): Promise<void> {
  await url.then((made) => URL.revokeObjectURL(made)).catch(() => undefined);
}

function keyOf({ url, file, thumbnail }: MediaSource): string {
  return file?.url ?? (thumbnail ? `${url} ${thumbnail.width}x${thumbnail.height} ${thumbnail.method}` : url);
}

type Size = readonly [width?: number, height?: number, method?: string];

const original: Size = [undefined, undefined, undefined];

function sized({ width, height, method }: NonNullable<MediaSource["thumbnail"]>): Size {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  return [Math.round(width * scale), Math.round(height * scale), method];
}
