import "fake-indexeddb/auto";
import { deleteDB, openDB } from "idb";
import { beforeEach, describe, expect, it } from "vitest";
import { databaseName, Vault } from "./vault.ts";

const user = "@ana:example.org";

describe("the vault", () => {
  beforeEach(() => deleteDB(databaseName(user)));

  it("gives back what was put, also after it was opened again", async () => {
    const first = await Vault.open(user);
    await first.collection("drafts").put("!a:x", { text: "hello" });
    first.close();
    const second = await Vault.open(user);
    expect(await second.collection("drafts").get("!a:x")).toEqual({ text: "hello" });
    second.close();
  });

  it("keeps collections apart, in the order of their ids", async () => {
    const vault = await Vault.open(user);
    await vault.collection<number>("a").put("2", 2);
    await vault.collection<number>("a").put("1", 1);
    await vault.collection<number>("ab").put("0", 0);
    expect(await vault.collection<number>("a").all()).toEqual([1, 2]);
    vault.close();
  });

  it("lets nobody read a record in the database itself", async () => {
    const vault = await Vault.open(user);
    await vault.collection("drafts").put("!a:x", "the secret words");
    vault.close();
    const raw = await openDB(`bongsu-vault:${user}`);
    const [record] = (await raw.getAll("records")) as { data: ArrayBuffer }[];
    expect(new TextDecoder().decode(record?.data)).not.toContain("secret");
    raw.close();
  });

  it("takes a record that was moved to another name for absent", async () => {
    const vault = await Vault.open(user);
    await vault.collection("drafts").put("one", "words");
    const raw = await openDB(`bongsu-vault:${user}`);
    await raw.put("records", await raw.get("records", "drafts/one"), "drafts/two");
    expect(await vault.collection("drafts").get("two")).toBeUndefined();
    raw.close();
    vault.close();
  });

  it("holds nothing after it was destroyed", async () => {
    const first = await Vault.open(user);
    await first.collection("drafts").put("a", 1);
    first.close();
    await deleteDB(databaseName(user));
    const second = await Vault.open(user);
    expect(await second.collection("drafts").ids()).toEqual([]);
    second.close();
  });
});
