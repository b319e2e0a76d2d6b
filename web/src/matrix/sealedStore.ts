import { type DBSchema, type IDBPDatabase, openDB } from "idb";

/**
 * A small key-value store in IndexedDB whose values are encrypted under a key that scripts can use but not read, so that a copied
 * browser profile's database file alone gives no token away.
 */

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

interface Schema extends DBSchema {
  values: { key: string; value: Sealed };
  keys: { key: string; value: CryptoKey };
}

const masterKey = "master";
const algorithm = "AES-GCM";

export class SealedStore {
  private readonly database: string;

  constructor(database: string) {
    this.database = database;
  }

  async get(name: string): Promise<unknown> {
    return this.with(async (db) => {
      const [key, sealed] = await Promise.all([db.get("keys", masterKey), db.get("values", name)]);
      return key === undefined || sealed === undefined ? undefined : unseal(key, sealed);
    });
  }

  async set(name: string, value: unknown): Promise<void> {
    await this.with(async (db) => db.put("values", await seal(await keyOf(db), value), name));
  }

  private async with<T>(task: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    const db = await openDB<Schema>(this.database, 1, {
      upgrade(fresh) {
        fresh.createObjectStore("values");
        fresh.createObjectStore("keys");
      },
    });
    try {
      return await task(db);
    } finally {
      db.close();
    }
  }
}

/** The store's key, which is made at the first use. Of two that are made at one time, the one that was written first stays. */
async function keyOf(db: IDBPDatabase<Schema>): Promise<CryptoKey> {
  const fresh = await crypto.subtle.generateKey({ name: algorithm, length: 256 }, false, ["encrypt", "decrypt"]);
  const { store, done } = db.transaction("keys", "readwrite");
  const existing = await store.get(masterKey);
  if (existing === undefined) {
    await store.put(fresh, masterKey);
  }
  await done;
  return existing ?? fresh;
}

async function seal(key: CryptoKey, value: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(value));
  return { iv, data: await crypto.subtle.encrypt({ name: algorithm, iv }, key, plain) };
}

async function unseal(key: CryptoKey, { iv, data }: Sealed): Promise<unknown> {
  const plain = await crypto.subtle.decrypt({ name: algorithm, iv }, key, data);
  return JSON.parse(new TextDecoder().decode(plain));
}
