import { EventType } from "matrix-js-sdk";
import { describe, expect, it } from "vitest";

import { finishedContent, type OutboxEntry } from "./entry.ts";

const key = { url: "mxc://x/1", iv: "", hashes: {}, v: "v2", key: { alg: "", key_ops: [], kty: "", k: "", ext: true } };
const part = { name: "a.png", mimetype: "image/png", size: 1 };
const entry: OutboxEntry = {
  txnId: "1",
  roomId: "!r",
  type: EventType.RoomMessage,
  content: { body: "a.png", info: { w: 1 } },
  createdAt: 0,
};

describe("the content of a message with a file", () => {
  it.each([
    ["no file", {}, entry.content],
    [
      "a file in the open",
      { file: { ...part, uploaded: { url: "mxc://x/1" } } },
      { ...entry.content, url: "mxc://x/1" },
    ],
    ["an encrypted file", { file: { ...part, uploaded: { file: key } } }, { ...entry.content, file: key }],
    [
      "an encrypted file with a small picture",
      { file: { ...part, uploaded: { file: key } }, thumbnail: { ...part, uploaded: { file: key } } },
      { body: "a.png", file: key, info: { w: 1, thumbnail_file: key } },
    ],
  ])("%s", (_, parts, content) => {
    expect(finishedContent({ ...entry, ...parts })).toEqual(content);
  });
});
