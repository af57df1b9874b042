/** A mount's storage in memory: every call sees one moment of it, and what it wrote is kept whole, or not at all because what it read has changed. */
import type { PrefetchedEntry } from '../serving/messages.ts';

/** What was committed: bytes by key. */
export type Entries = ReadonlyMap<string, Uint8Array>;

/** A write of a call; no value deletes. */
export interface Write {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** One moment of the storage, and what a call reads of it. */
export class MemorySnapshot {
  readonly #entries: Entries;
  readonly #revisions: ReadonlyMap<string, number>;
  readonly #read = new Set<string>();
  readonly #listed = new Map<string, string>();

  constructor(entries: Entries, revisions: ReadonlyMap<string, number>) {
    this.#entries = entries;
    this.#revisions = revisions;
  }

  /** An entry, there or not. */
  get(key: string): PrefetchedEntry {
    this.#read.add(key);
    return { key, revision: this.#revisions.get(key) ?? 0, value: this.#entries.get(key) };
  }

  /** Children of a directory, in order. */
  list(directory: string, after: string, limit: number): readonly string[] {
    const names = childrenOf(this.#entries, directory);
    this.#listed.set(directory, names.join('\n'));
    return names.filter((name) => name > after).slice(0, limit);
  }

  /** Whether all that was read is as it was. */
  holds(entries: Entries, revisions: ReadonlyMap<string, number>): boolean {
    return (
      [...this.#read].every((key) => revisions.get(key) === this.#revisions.get(key)) &&
      [...this.#listed].every(([directory, names]) => childrenOf(entries, directory).join('\n') === names)
    );
  }
}

/** Committed entries. */
export class MemoryStore {
  readonly #entries = new Map<string, Uint8Array>();
  readonly #revisions = new Map<string, number>();
  #revision = 0;

  get entries(): Entries {
    return this.#entries;
  }

  snapshot(): MemorySnapshot {
    return new MemorySnapshot(new Map(this.#entries), new Map(this.#revisions));
  }

  /** Keeps what a call wrote. @returns false, and nothing is kept, when something that it read has changed meanwhile */
  commit(snapshot: MemorySnapshot, writes: readonly Write[]): boolean {
    if (!snapshot.holds(this.#entries, this.#revisions)) return false;
    for (const write of writes) this.write(write);
    return true;
  }

  write({ key, value }: Write): void {
    this.#revisions.set(key, ++this.#revision);
    if (value === undefined) this.#entries.delete(key);
    else this.#entries.set(key, value);
  }
}

function childrenOf(entries: Entries, directory: string): readonly string[] {
  const names = new Set<string>();
  for (const key of entries.keys()) {
    if (!key.startsWith(directory)) continue;
    const rest = key.slice(directory.length);
    const slash = rest.indexOf('/');
    names.add(slash < 0 ? rest : rest.slice(0, slash + 1));
  }
  return [...names].sort();
}
