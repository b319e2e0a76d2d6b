// What this device keeps for itself beside the SDK's own stores: messages on their way out, drafts, the search index. Everything is
// sealed with AES-GCM under a key that the browser holds and does not hand out, so that a copied profile folder tells nothing by itself.
// It goes with the session, like every database of the page.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

interface Schema extends DBSchema {
  keys: { key: "main"; value: CryptoKey };
  records: { key: string; value: Sealed };
}

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

/** The database that a user's vault is kept in. */
export function databaseName(userId: string): string {
  return `bongsu-vault:${userId}`;
}

/** A named part of the vault. Ids sort as text. */
export interface Collection<T> {
  get(id: string): Promise<T | undefined>;
  put(id: string, value: T): Promise<void>;
  putBytes(id: string, bytes: ArrayBuffer): Promise<void>;
  getBytes(id: string): Promise<ArrayBuffer | undefined>;
  delete(id: string): Promise<void>;
  /** The ids, in order. */
  ids(): Promise<string[]>;
  /** All that can be opened, in the order of the ids. */
  all(): Promise<T[]>;
}

export class Vault {
  private readonly db: IDBPDatabase<Schema>;
  private readonly key: CryptoKey;

  private constructor(db: IDBPDatabase<Schema>, key: CryptoKey) {
    this.db = db;
    this.key = key;
  }

  /** Opens the vault of a user, and makes its key at the first time. */
  static async open(userId: string): Promise<Vault> {
    const db = await openDB<Schema>(databaseName(userId), 1, {
      upgrade(database) {
        database.createObjectStore("keys");
        database.createObjectStore("records");
      },
    });
    return new Vault(db, await ownKey(db));
  }

  collection<T>(name: string): Collection<T> {
    const { db, key } = this;
    const prefix = `${name}/`;
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const getBytes = async (id: string): Promise<ArrayBuffer | undefined> => {
      const sealed = await db.get("records", prefix + id);
      return sealed && unseal(key, sealed, prefix + id);
    };
    const putBytes = async (id: string, bytes: ArrayBuffer): Promise<void> => {
      await db.put("records", await seal(key, bytes, prefix + id), prefix + id);
    };
    const get = async (id: string): Promise<T | undefined> => {
      const bytes = await getBytes(id);
      return bytes && (JSON.parse(utf8.decoder.decode(bytes)) as T);
    };
    const ids = async (): Promise<string[]> =>
      (await db.getAllKeys("records", range)).map((id) => id.slice(prefix.length));
    return {
      get,
      getBytes,
      putBytes,
      put: (id, value) => putBytes(id, utf8.encoder.encode(JSON.stringify(value)).buffer),
      delete: (id) => db.delete("records", prefix + id),
      ids,
      all: async () => {
        const values = await Promise.all((await ids()).map(get));
        return values.filter((value) => value !== undefined);
      },
    };
  }

  close(): void {
    this.db.close();
  }
}

async function ownKey(db: IDBPDatabase<Schema>): Promise<CryptoKey> {
  const known = await db.get("keys", "main");
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  // Another window may have made one meanwhile: `add` lets the first one win.
  await db.add("keys", made, "main").catch(() => undefined);
  const kept = await db.get("keys", "main");
  if (!kept) throw new Error("the browser did not keep the vault's key");
  return kept;
}

// The record's name is authenticated with it, so that records cannot be swapped.
async function seal(key: CryptoKey, bytes: ArrayBuffer, name: string): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = utf8.encoder.encode(name);
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, bytes) };
}

// A record that cannot be opened (a key from before a browser's clean-up) counts as absent.
async function unseal(key: CryptoKey, { iv, data }: Sealed, name: string): Promise<ArrayBuffer | undefined> {
  const additionalData = utf8.encoder.encode(name);
  return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, data).catch(() => undefined);
}
