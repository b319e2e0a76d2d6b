/**
 * A small key-value store in IndexedDB whose values are encrypted under a key that scripts can use but not read, so that a copied
 * browser profile's database file alone gives no token away.
 */

const version = 1;
const values = "values";
const keys = "keys";
const masterKey = "master";

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

export class SealedStore {
  private readonly database: string;

  constructor(database: string) {
    this.database = database;
  }

  async get(name: string): Promise<unknown> {
    const db = await this.open();
    try {
      const key = await request<CryptoKey | undefined>(db.transaction(keys).objectStore(keys).get(masterKey));
      const sealed = await request<Sealed | undefined>(db.transaction(values).objectStore(values).get(name));
      return key === undefined || sealed === undefined ? undefined : await unseal(key, sealed);
    } finally {
      db.close();
    }
  }

  async set(name: string, value: unknown): Promise<void> {
    const db = await this.open();
    try {
      const sealed = await seal(await this.key(db), value);
      await request(db.transaction(values, "readwrite").objectStore(values).put(sealed, name));
    } finally {
      db.close();
    }
  }

  async clear(): Promise<void> {
    await request(indexedDB.deleteDatabase(this.database));
  }

  private async key(db: IDBDatabase): Promise<CryptoKey> {
    const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const store = db.transaction(keys, "readwrite").objectStore(keys);
    const existing = await request<CryptoKey | undefined>(store.get(masterKey));
    if (existing !== undefined) {
      return existing;
    }
    await request(store.put(fresh, masterKey));
    return fresh;
  }

  private open(): Promise<IDBDatabase> {
    const opening = indexedDB.open(this.database, version);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(values);
      opening.result.createObjectStore(keys);
    };
    return request(opening);
  }
}

async function seal(key: CryptoKey, value: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv },
    key,
    new TextEncoder().encode(JSON.stringify(value)),
  );
  return { iv, data };
}

async function unseal(key: CryptoKey, { iv, data }: Sealed): Promise<unknown> {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data);
  return JSON.parse(new TextDecoder().decode(plain));
}

function request<T>(req: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    req.onsuccess = () => resolve(req.result);
    req.onerror = () => reject(req.error ?? new Error("IndexedDB failed"));
  });
}
