/**
 * Keys for what leaves the server sealed and comes back, such as batch tokens. Each is derived from a version of the log key, because
 * those versions are never dropped: a rotation kills nothing that is out there.
 */
import { deriveKey } from '../crypto/commitment.ts';

interface Derived {
  readonly from: Buffer;
  readonly key: Buffer;
}

/** Keys derived so far. */
export class PurposeKeys {
  readonly #keys = new Map<string, Derived>();

  /** The key of a purpose under one version of the log key. */
  of(purpose: string, { version, key }: { readonly version: number; readonly key: Buffer }): Buffer {
    const id = `${version} ${purpose}`;
    const kept = this.#keys.get(id);
    // A rotation that failed gives its version's number back, to another key.
    if (kept?.from === key) return kept.key;
    const derived = deriveKey(key, purpose);
    this.#keys.set(id, { from: key, key: derived });
    return derived;
  }

  /** Fills every key with zeros. */
  wipe(): void {
    for (const { key } of this.#keys.values()) key.fill(0);
    this.#keys.clear();
  }
}
