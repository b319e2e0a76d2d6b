import { openDB } from "idb";
import { expect, it } from "vitest";

import { SealedStore } from "./sealedStore.ts";

it("gives back what was put in", async () => {
  const store = new SealedStore("round-trip");
  expect(await store.get("a")).toBeUndefined();
  await store.set("a", { token: "syt_secret" });
  expect(await new SealedStore("round-trip").get("a")).toEqual({ token: "syt_secret" });
});

it("keeps no value in the clear, and a key that cannot be read", async () => {
  await new SealedStore("sealed").set("a", { token: "syt_secret" });
  const db = await openDB("sealed");
  const { data } = (await db.get("values", "a")) as { data: ArrayBuffer };
  expect(new TextDecoder().decode(data)).not.toContain("syt_secret");
  expect(((await db.get("keys", "master")) as CryptoKey).extractable).toBe(false);
  db.close();
});
