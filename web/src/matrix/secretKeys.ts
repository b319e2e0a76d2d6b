import type { CryptoCallbacks } from "matrix-js-sdk/lib/crypto-api";

type Key = Uint8Array<ArrayBuffer>;

/**
 * Holds the key of the secret storage in memory for as long as one task needs it (setting up, recovering), and gives it to the
 * SDK when asked. It is written nowhere.
 */
export class SecretKeys {
  private readonly held = new Map<string, Key>();
  private offered: Key | undefined;

  readonly callbacks: CryptoCallbacks = {
    getSecretStorageKey: ({ keys }) => Promise.resolve(this.find(Object.keys(keys))),
    cacheSecretStorageKey: (keyId, _info, key) => {
      this.held.set(keyId, key);
    },
  };

  /** Runs a task during which a key opens the secret storage; afterwards no key is held. */
  async during<T>(key: Key | undefined, task: () => Promise<T>): Promise<T> {
    this.offered = key;
    try {
      return await task();
    } finally {
      this.offered = undefined;
      this.held.clear();
    }
  }

  private find(wanted: string[]): [string, Key] | null {
    for (const id of wanted) {
      const key = this.held.get(id) ?? this.offered;
      if (key !== undefined) {
        return [id, key];
      }
    }
    return null;
  }
}
