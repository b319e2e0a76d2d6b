import { MatrixEvent } from "matrix-js-sdk";
import { describe, expect, it } from "vitest";

import { attachmentOf } from "./attachment.ts";

function event(content: object, type = "m.room.message"): MatrixEvent {
  return new MatrixEvent({ type, content: { ...content } });
}

const url = "mxc://x.org/file";

describe("the file of a message", () => {
  it("is a picture with what is known of it", () => {
    const info = { mimetype: "image/png", w: 10, h: 20, size: 30 };
    expect(attachmentOf(event({ msgtype: "m.image", body: "cat.png", url, info }))).toMatchObject({
      kind: "picture",
      source: { url, mimetype: "image/png" },
      thumbnail: { url, thumbnail: {} },
      name: "cat.png",
      width: 10,
      height: 20,
      size: 30,
      caption: undefined,
    });
  });

  it("is opened with the key of the message when it is encrypted", () => {
    const file = { url, key: {}, iv: "", hashes: {}, v: "v2" };
    const found = attachmentOf(event({ msgtype: "m.image", body: "cat.png", file, info: { mimetype: "image/png" } }));
    expect(found?.source).toEqual({ url, file, mimetype: "image/png" });
    expect(found?.thumbnail).toBeUndefined();
  });

  it("has a caption when its name is given apart", () => {
    const content = { msgtype: "m.file", body: "the list", filename: "list.txt", url };
    expect(attachmentOf(event(content))).toMatchObject({ kind: "file", name: "list.txt", caption: "the list" });
  });

  it("is only ever saved when it could act: a drawing is a page", () => {
    const content = { msgtype: "m.image", body: "x.svg", url, info: { mimetype: "image/svg+xml" } };
    expect(attachmentOf(event(content))?.kind).toBe("file");
  });

  it.each([
    ["no address", { msgtype: "m.image", body: "x" }],
    ["an address elsewhere", { msgtype: "m.image", body: "x", url: "https://evil.example/x.png" }],
    ["text", { msgtype: "m.text", body: "x", url }],
  ])("is none: %s", (_, content) => {
    expect(attachmentOf(event(content))).toBeUndefined();
  });

  it.each([[{ w: -1, h: "2", size: Infinity }], [null], ["info"]])("ignores what is no measure: %j", (info) => {
    const found = attachmentOf(event({ msgtype: "m.image", body: "x", url, info }));
    expect(found).toMatchObject({ width: undefined, height: undefined, size: undefined });
  });
});
