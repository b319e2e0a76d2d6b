import "fake-indexeddb/auto";
import { deleteDB } from "idb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { databaseName, Vault } from "../../vault/vault.ts";
import { type IndexedMessage, MessageIndex, type Segment } from "./segments.ts";

const user = "@ana:example.org";
let vault: Vault;

beforeEach(async () => {
  vault = await Vault.open(user);
});

afterEach(async () => {
  vault.close();
  await deleteDB(databaseName(user));
});

function newIndex(): MessageIndex {
  return new MessageIndex(vault.collection<Segment>("search"));
}

function message(number: number, text: string, roomId = "!r"): IndexedMessage {
  return { eventId: `$${number}`, roomId, sender: "@ben:x", ts: number, text };
}

async function find(index: MessageIndex, words: string, roomId?: string): Promise<string[]> {
  const found = await index.search({ words, limit: 10, ...(roomId !== undefined && { roomId }) });
  return found.map(({ eventId }) => eventId);
}

describe("searching on the device", () => {
  it.each([
    ["part of a word", "eting", ["$1"]],
    ["words in any order", "noon MEETING", ["$1"]],
    ["letters without their accents", "cafe", ["$2"]],
    ["part of a Korean word", "봉수", ["$3"]],
    ["nothing", "  ", []],
  ])("finds %s", async (_, words, expected) => {
    const index = newIndex();
    await index.put(message(1, "The meeting is at noon"));
    await index.put(message(2, "Café Úrsula"));
    await index.put(message(3, "봉수대에서 만나요"));
    expect(await find(index, words)).toEqual(expected);
  });

  it("gives the newest first, of one room or of all", async () => {
    const index = newIndex();
    await index.put(message(2, "tea", "!a"));
    await index.put(message(3, "tea", "!b"));
    await index.put(message(1, "tea", "!a"));
    expect(await find(index, "tea")).toEqual(["$3", "$2", "$1"]);
    expect(await find(index, "tea", "!a")).toEqual(["$2", "$1"]);
  });

  it("knows the text of an edit, and forgets what was deleted", async () => {
    const index = newIndex();
    await index.put(message(1, "tea"));
    await index.put(message(1, "coffee"));
    await index.put(message(2, "coffee"));
    await index.remove("$2");
    expect(await find(index, "tea")).toEqual([]);
    expect(await find(index, "coffee")).toEqual(["$1"]);
  });

  it("keeps many messages over a restart, edits of old ones too", async () => {
    const index = newIndex();
    for (let number = 0; number < 600; number++) await index.put(message(number, `number-${number}-end`));
    await index.flush();
    const again = newIndex();
    await again.put(message(5, "changed"));
    await again.flush();
    const third = newIndex();
    expect(await find(third, "number-599-end")).toEqual(["$599"]);
    expect(await find(third, "changed")).toEqual(["$5"]);
    expect(await find(third, "number-5-end")).toEqual([]);
  });
});
