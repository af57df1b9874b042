/**
 * One request's view of the store: everything it reads forms one set, checked against the slot table before any answer, and its
 * writes become visible together or not at all. Values are plaintext here and ciphertext below.
 *
 * A read that is newer than the start moves the start forward when nothing read before has changed; otherwise the request
 * restarts (`Conflict`). So handlers never see two moments at once, and few requests restart.
 */
import {
  Conflict,
  type Commit,
  type CommitOptions,
  type Entry,
  type Revision,
  type Slot,
  type Storage,
  type Write,
} from '../storage/types.ts';
import type { Barrier } from './barrier.ts';
import type { DerivedCache } from './derived-cache.ts';
import type { Keyring } from './keyring.ts';
import type { SealedCache } from './sealed-cache.ts';

/** What every transaction of an unsealed server works on. */
export interface Vault {
  readonly storage: Storage;
  readonly barrier: Barrier;
  readonly derived: DerivedCache;
  /** Absent: every entry is fetched. */
  readonly sealed?: SealedCache;
}

/** The slots something depends on, each with the revision it stood at. */
export interface ReadSet {
  readonly slots: readonly Slot[];
  readonly movedAt: readonly Revision[];
}

/** Tells whether everything in a read set is as it was. */
export function isCurrent(storage: Storage, reads: ReadSet): boolean {
  for (let i = 0; i < reads.slots.length; i++) if (storage.movedAt(reads.slots[i]!) !== reads.movedAt[i]) return false;
  return true;
}

/** What a transaction depends on, as it stood when it was first seen. */
interface Place {
  readonly slot: Slot;
  readonly movedAt: Revision;
}

/** An entry as a reader sees it. */
interface Read {
  readonly movedAt: Revision;
  readonly value: Uint8Array | undefined;
}

/** An entry as it was fetched. */
interface Loaded {
  readonly movedAt: Revision;
  readonly sealed: Uint8Array | undefined;
}

const noWrites: ReadonlyMap<string, Uint8Array | undefined> = new Map();

/** A transaction: open it by constructing, end it by `commit` or by letting go. */
export class Transaction {
  readonly #vault: Vault;
  #start: Revision;
  readonly #slots: Slot[] = [];
  readonly #movedAt: Revision[] = [];
  #writes: ReadonlyMap<string, Uint8Array | undefined> = noWrites;
  #loaded: Map<string, Loaded> | undefined;

  constructor(vault: Vault) {
    this.#vault = vault;
    this.#start = vault.storage.head();
  }

  /** Adds a key or directory to the read set. @throws Conflict when what was read before is of another moment */
  depend(keyOrDirectory: string): Place {
    return this.#dependOn(this.#vault.storage.slot(keyOrDirectory));
  }

  #dependOn(slot: Slot): Place {
    const { storage } = this.#vault;
    const movedAt = storage.movedAt(slot);
    if (movedAt > this.#start) {
      this.check();
      this.#start = storage.head();
    }
    this.#slots.push(slot);
    this.#movedAt.push(movedAt);
    return { slot, movedAt };
  }

  /** Takes over a read set (of something that was kept). Answers false, and takes nothing, when it is not current. */
  dependAll(reads: ReadSet): boolean {
    const { storage } = this.#vault;
    if (!isCurrent(storage, reads)) return false;
    for (const slot of reads.slots) this.#dependOn(slot);
    return true;
  }

  /** Reads an entry; what this transaction wrote, it sees. */
  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#writes.has(key)) return this.#writes.get(key);
    return (await this.read(key)).value;
  }

  /** Reads an entry as it was before this transaction's own writes, with the revision that its slot stood at when it was first seen. Answers at once when the storage does. */
  read(key: string): Read | Promise<Read> {
    const loaded = this.#load(key);
    return loaded instanceof Promise ? loaded.then((entry) => this.#opened(key, entry)) : this.#opened(key, loaded);
  }

  #opened(key: string, { movedAt, sealed }: Loaded): Read {
    return { movedAt, value: sealed === undefined ? undefined : this.#vault.barrier.openValue(key, sealed) };
  }

  /** Fetches an entry once, however often it is asked for. Answers at once when the storage does. */
  #load(key: string): Loaded | Promise<Loaded> {
    const loaded = this.#loaded?.get(key);
    if (loaded !== undefined) return loaded;
    const { storage, barrier, sealed } = this.#vault;
    const { ring } = barrier;
    const kept = sealed?.find(key, storage, ring);
    if (kept !== undefined) {
      this.#dependOn(kept.slot);
      return this.#note(key, kept);
    }
    const place = this.depend(key);
    const got = storage.get(key);
    return got instanceof Promise ? got.then((entry) => this.#fetched(key, place, entry, ring)) : this.#fetched(key, place, got, ring);
  }

  #fetched(key: string, { slot, movedAt }: Place, { value }: Entry, ring: Keyring): Loaded {
    const { storage, barrier, sealed } = this.#vault;
    // Absence isn't kept: strangers could fill the cache with names that don't exist.
    if (value !== undefined && sealed !== undefined && storage.movedAt(slot) === movedAt && barrier.ring === ring)
      sealed.keep(key, { slot, movedAt, sealed: value }, ring);
    return this.#note(key, { movedAt, sealed: value });
  }

  #note(key: string, loaded: Loaded): Loaded {
    (this.#loaded ??= new Map()).set(key, loaded);
    return loaded;
  }

  /**
   * What `parse` makes of the entry, kept until the entry changes. Answers at once when it is kept. `undefined`: no such entry.
   * The result is shared between requests: never change it.
   */
  derived<T>(key: string, parse: (value: Uint8Array) => T): T | undefined | Promise<T | undefined> {
    if (!this.#writes.has(key)) {
      const kept = this.#vault.derived.peek(key);
      if (kept !== undefined && kept.movedAt === this.#vault.storage.movedAt(kept.slot)) {
        this.#dependOn(kept.slot);
        // One key is always parsed by one function, so what is kept has its type.
        return kept.value as T | undefined;
      }
    }
    return this.#derive(key, parse);
  }

  async #derive<T>(key: string, parse: (value: Uint8Array) => T): Promise<T | undefined> {
    if (this.#writes.has(key)) {
      const written = this.#writes.get(key);
      return written === undefined ? undefined : parse(written);
    }
    const place = this.depend(key);
    const { value: sealed } = await this.#vault.storage.get(key);
    const value = sealed === undefined ? undefined : parse(this.#vault.barrier.openValue(key, sealed));
    // Absence isn't kept: strangers could fill the cache with names that don't exist.
    if (value !== undefined && this.#vault.storage.movedAt(place.slot) === place.movedAt)
      this.#vault.derived.keep(key, { ...place, value });
    return value;
  }

  /** Tells whether an entry exists, without reading it. */
  async has(key: string): Promise<boolean> {
    if (this.#writes.has(key)) return this.#writes.get(key) !== undefined;
    return (await this.#load(key)).sealed !== undefined;
  }

  /** Children of a directory ('' or 'a/b/') in order, after `after` (exclusive), at most `limit`. */
  async list(directory: string, after = '', limit: number = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
    this.depend(directory);
    const { names } = await this.#vault.storage.list(directory, after, limit);
    return this.#overlay(directory, after, limit, names);
  }

  /** Applies this transaction's own writes to a listing. */
  async #overlay(directory: string, after: string, limit: number, names: readonly string[]): Promise<readonly string[]> {
    const mine = [...this.#writes].filter(([key]) => key.startsWith(directory));
    if (mine.length === 0) return names;
    const { storage } = this.#vault;
    const merged = new Set(names);
    for (const [key, value] of mine) {
      const rest = key.slice(directory.length);
      const slash = rest.indexOf('/');
      const name = slash < 0 ? rest : rest.slice(0, slash + 1);
      if (value !== undefined) {
        if (name > after) merged.add(name);
      } else if (slash < 0) {
        merged.delete(name);
      } else {
        const below = await this.list(directory + name, '', 1);
        if (below.length === 0) merged.delete(name);
      }
    }
    const sorted = [...merged].sort();
    if (sorted.length >= limit || names.length < limit) return sorted.slice(0, limit);
    // Deletions made the page shorter than asked for although more follows.
    const more = await storage.list(directory, names.at(-1) ?? '', limit);
    return more.names.length === 0
      ? sorted
      : [...sorted, ...(await this.#overlay(directory, names.at(-1) ?? '', limit - sorted.length, more.names))].slice(0, limit);
  }

  /** Writes an entry. */
  put(key: string, value: Uint8Array): void {
    this.#write(key, value);
  }

  /** Deletes an entry, whether it exists or not. */
  delete(key: string): void {
    this.#write(key, undefined);
  }

  /** Most transactions only read: the Map is made with the first write. */
  #write(key: string, value: Uint8Array | undefined): void {
    if (this.#writes === noWrites) this.#writes = new Map();
    (this.#writes as Map<string, Uint8Array | undefined>).set(key, value);
  }

  /** Whether anything was written. */
  get dirty(): boolean {
    return this.#writes.size > 0;
  }

  /** What was read so far, for a cache. */
  readSet(): ReadSet {
    return { slots: this.#slots, movedAt: this.#movedAt };
  }

  /** Proves that everything read still stands. @throws Conflict when something moved */
  check(): void {
    if (!isCurrent(this.#vault.storage, { slots: this.#slots, movedAt: this.#movedAt })) throw new Conflict('a concurrent change');
  }

  /** The newest revision that anything read here stood at: an answer waits until it is durable. */
  newestRead(): Revision {
    let newest = 0;
    for (const revision of this.#movedAt) if (revision > newest) newest = revision;
    return newest;
  }

  /** Checks the read set and sequences the writes, in one step. @throws Conflict; StrongroomError `too-large`, `storage-full` */
  commit(options?: CommitOptions): Commit {
    const { storage, barrier } = this.#vault;
    const writes: Write[] = [];
    for (const [key, value] of this.#writes) writes.push({ key, value: value === undefined ? undefined : barrier.sealValue(key, value) });
    return storage.commit(writes, { slots: this.#slots, at: this.#start }, options);
  }
}
