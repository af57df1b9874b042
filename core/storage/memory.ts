/** The store without a disk: for tests, for development, and as the plain model that the log is compared with. */
import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../errors.ts';
import { checkWrites, listingStart, pastDirectory } from './keys.ts';
import { SlotTable } from './slots.ts';
import type { Change, Commit, CommitOptions, Entry, Expectation, Listing, Revision, Slot, Storage, Write } from './types.ts';

const absent: Entry = Object.freeze({ revision: 0, value: undefined });

/** Options of a memory store. */
export interface MemoryOptions {
  /** Seeds the slot table; random when absent. */
  readonly seed?: number;
  /** How many commits `changes` can look back on: 65,536 when absent. */
  readonly changesMax?: number;
}

/** Opens an empty store that lives as long as the object. */
export function openMemory(options: MemoryOptions = {}): Storage {
  return new MemoryStorage(options);
}

class MemoryStorage implements Storage {
  readonly #entries = new Map<string, Entry>();
  readonly #slots: SlotTable;
  readonly #changesMax: number;
  #sorted: string[] = [];
  #log: Change[] = [];
  #horizon: Revision = 0;
  #head: Revision = 0;
  #closed = false;
  #wake: (() => void)[] = [];

  constructor(options: MemoryOptions) {
    this.#slots = new SlotTable(options.seed ?? randomBytes(4).readInt32LE());
    this.#changesMax = options.changesMax ?? 65_536;
  }

  head(): Revision {
    return this.#head;
  }

  durableHead(): Revision {
    return this.#head;
  }

  durable(): undefined {
    return undefined;
  }

  slot(keyOrDirectory: string): Slot {
    return this.#slots.slot(keyOrDirectory);
  }

  movedAt(slot: Slot): Revision {
    return this.#slots.movedAt(slot);
  }

  get(key: string): Entry {
    this.#assertOpen();
    return this.#entries.get(key) ?? absent;
  }

  list(directory: string, after: string, limit: number): Listing {
    this.#assertOpen();
    const names: string[] = [];
    let at = this.#search(listingStart(directory, after));
    while (names.length < limit) {
      const key = this.#sorted[at];
      if (key === undefined || !key.startsWith(directory)) break;
      const slash = key.indexOf('/', directory.length);
      names.push(key.slice(directory.length, slash === -1 ? undefined : slash + 1));
      at = slash === -1 ? at + 1 : this.#search(pastDirectory(key.slice(0, slash + 1)));
    }
    return { names };
  }

  commit(writes: readonly Write[], expect?: Expectation, _options?: CommitOptions): Commit {
    this.#assertOpen();
    checkWrites(writes);
    this.#slots.check(expect);
    const revision = ++this.#head;
    for (const write of writes) this.#apply(write, revision);
    this.#log.push({ revision, writes: [...writes] });
    if (this.#log.length > 2 * this.#changesMax) {
      this.#horizon = this.#log[this.#changesMax - 1]?.revision ?? this.#horizon;
      this.#log = this.#log.slice(this.#changesMax);
    }
    this.#notify();
    return { revision, durable: Promise.resolve() };
  }

  async *changes(from: Revision): AsyncIterable<Change> {
    let last = from;
    for (;;) {
      if (last < this.#horizon) throw new StrongroomError('precondition', 'the changes asked for are no longer kept');
      const next = this.#log.find((change) => change.revision > last);
      if (next !== undefined) {
        last = next.revision;
        yield next;
      } else if (this.#closed) return;
      else await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#notify();
    return Promise.resolve();
  }

  #apply({ key, value }: Write, revision: Revision): void {
    const existed = this.#entries.has(key);
    if (value !== undefined) this.#entries.set(key, { revision, value });
    else if (!this.#entries.delete(key)) return;
    this.#slots.move(key, revision);
    if (existed === (value !== undefined)) return;
    const at = this.#search(key);
    if (existed) this.#sorted.splice(at, 1);
    else this.#sorted.splice(at, 0, key);
    this.#slots.moveListings(key, this.#sorted[at - 1], this.#sorted[existed ? at : at + 1], revision);
  }

  #search(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StrongroomError('unavailable', 'the storage is closed');
  }
}
