/**
 * Entries as they lie on the disk, which is ciphertext, kept until they change: the next request that reads one is spared the disk. An entry is
 * validated on every use by its slot, whose revisions are never used twice, so where compaction moves it to doesn't matter. All belong to the
 * keyring in force: under another one nothing is found, since re-wrapping changes entries without a revision of their own.
 */
import type { Revision, Slot, Storage } from '../storage/types.ts';
import type { Keyring } from './keyring.ts';
import { RecentMap } from './recent-map.ts';

/** An entry as it was fetched. */
export interface SealedEntry {
  readonly slot: Slot;
  /** Of the slot, when it was fetched. */
  readonly movedAt: Revision;
  readonly sealed: Uint8Array;
}

/** Bytes of entries that a server keeps. */
export const sealedBytesMax = 67_108_864;
/** What an entry takes besides its key and its bytes. */
const overheadBytes = 512;

/** A cache bounded in bytes; what was used least recently leaves first. */
export class SealedCache {
  readonly #entries: RecentMap<SealedEntry>;
  readonly #bytesMax: number;
  #ring: Keyring | undefined;

  /** @param bytesMax bound of everything that is kept; an eighth of it for one entry */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#entries = new RecentMap(bytesMax, sizeOf);
  }

  /** A kept entry that still is what the storage has. @param ring the keyring in force */
  find(key: string, storage: Storage, ring: Keyring): SealedEntry | undefined {
    if (ring !== this.#ring) return undefined;
    const kept = this.#entries.get(key);
    return kept !== undefined && storage.movedAt(kept.slot) === kept.movedAt ? kept : undefined;
  }

  /** Keeps a copy of an entry. @param ring the keyring in force when it was fetched, and now */
  keep(key: string, { slot, movedAt, sealed }: SealedEntry, ring: Keyring): void {
    if (ring !== this.#ring) {
      this.#entries.clear();
      this.#ring = ring;
    }
    // A copy, because what was fetched is a piece of a larger buffer, which would be kept whole.
    const entry = { slot, movedAt, sealed: new Uint8Array(sealed) };
    if (sizeOf(key, entry) <= this.#bytesMax / 8) this.#entries.set(key, entry);
  }

  /** How many entries are kept, current or not. */
  get count(): number {
    return this.#entries.count;
  }

  /** Forgets everything (at seal). */
  clear(): void {
    this.#entries.clear();
    this.#ring = undefined;
  }
}

function sizeOf(key: string, { sealed }: SealedEntry): number {
  return overheadBytes + key.length + sealed.length;
}
