/**
 * What the host needs of a store. Two implementations pass one contract suite (`contract.ts`): the write-ahead log and memory.
 *
 * Keys are `/`-separated UTF-16 strings without a trailing slash; a *directory* is a key prefix that ends in `/` ('' is the root).
 * Values are opaque: the barrier has encrypted them already. A commit is visible to every later call as soon as `commit`
 * returns (it is sequenced), and safe when its `durable` promise resolves.
 *
 * Reads may answer at once or by a promise: an embedded store answers at once (a pread of a cached page costs 1 µs, an awaited
 * one 6 µs of CPU and 32 µs of latency), a remote one cannot.
 */

/** A point in the sequence of commits. Rises by at least one with each commit, and is never used twice, not even after a failed write. */
export type Revision = number;

/** One change of a commit. `value: undefined` deletes; an empty value is a value. */
export interface Write {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** Something a transaction looked at: see `Storage.slot`. */
export type Slot = number;

/** What a commit depends on: none of `slots` may have moved after `at`. */
export interface Expectation {
  readonly slots: readonly Slot[];
  readonly at: Revision;
}

/** What `commit` gives back at once. */
export interface Commit {
  readonly revision: Revision;
  /** Resolves when the commit is on disk; rejects with `storage-full` when it was rolled back (then it never happened). */
  readonly durable: Promise<void>;
}

/** What `get` gives: an absent key has revision 0 and no value. */
export interface Entry {
  readonly revision: Revision;
  readonly value: Uint8Array | undefined;
}

/** What `list` gives: children in order, `x` for an entry and `x/` for a directory; a name may occur as both. */
export interface Listing {
  readonly names: readonly string[];
}

/** One commit as the log's readers see it. */
export interface Change {
  readonly revision: Revision;
  readonly writes: readonly Write[];
}

/** Options of a commit. */
export interface CommitOptions {
  /** A keyring record that must become durable together with the writes (sealed by the root key, opaque here). */
  readonly keyring?: Uint8Array;
  /** Revocations and deletions: allowed to use the space that the ballast frees when the disk is full. */
  readonly urgent?: boolean;
}

/** Bounds of one commit, checked before anything is written. */
export const commitBounds: { readonly writesMax: number; readonly bytesMax: number; readonly keyBytesMax: number } = {
  writesMax: 8192,
  bytesMax: 67_108_864,
  keyBytesMax: 8192,
};

/** Thrown (synchronously) by `commit` when something it depends on moved. The request restarts. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** How far a compaction is. */
export interface CompactProgress {
  /** Index pages. */
  readonly pagesDone: number;
  readonly pagesTotal: number;
  readonly bytesCopied: number;
}

/** What a compaction is for. */
export interface CompactOptions {
  /** Shows every live value to the cipher. The number names the job: the same one goes on where a killed job was, another starts anew. */
  readonly rewrapAll?: number;
  readonly onProgress?: (progress: CompactProgress) => void;
}

/** One file of a snapshot. */
export interface SnapshotFile {
  readonly name: string;
  readonly bytes: number;
  /** Reads `length` bytes at `position`. */
  read(position: number, length: number): Uint8Array;
}

/** Everything up to a revision, as it lies on the disk: later commits and compactions don't change it. */
export interface Snapshot {
  readonly revision: Revision;
  readonly files: readonly SnapshotFile[];
  close(): void;
}

/** The store under the barrier. */
export interface Storage {
  /** Revision of the last sequenced commit; 0 when there is none. */
  head(): Revision;
  /** Revision up to which everything is on disk. */
  durableHead(): Revision;
  /** Resolves when everything up to `revision` is on disk; undefined when it is already. */
  durable(revision: Revision): Promise<void> | undefined;
  /**
   * The slot of a key or of a directory (with its slash): an index into a table of revisions that covers present and absent
   * things alike. Several keys may share a slot (it is a hash), which can only cause a needless restart. The slot of a directory
   * moves when a name appears in or vanishes from its listing, not when an entry changes.
   */
  slot(keyOrDirectory: string): Slot;
  /** Revision of the last change to anything in this slot. After opening, every slot stands at the head. */
  movedAt(slot: Slot): Revision;
  /** Reads an entry. Throws `internal` when the disk holds something else than was written: never reports that as absent. */
  get(key: string): Entry | Promise<Entry>;
  /** Children of a directory ('' or 'a/b/') after the name `after` (exclusive, '' for the first), at most `limit`. */
  list(directory: string, after: string, limit: number): Listing | Promise<Listing>;
  /**
   * Sequences the writes as one: all or nothing. A key may occur once.
   * @throws Conflict when `expect` does not hold; StrongroomError `too-large` over `commitBounds`, `storage-full` while the disk is full and the commit is not urgent
   */
  commit(writes: readonly Write[], expect?: Expectation, options?: CommitOptions): Commit;
  /** Commits after `from`, in order, as they become durable; ends when the store closes. Throws `precondition` when `from` is below the horizon of compaction. */
  changes(from: Revision): AsyncIterable<Change>;
  /** Reclaims space, and re-wraps values on the way; absent where there is nothing to reclaim. */
  compact?(options?: CompactOptions): Promise<{ readonly rewrapDone: boolean }>;
  /** Everything that is durable now, for a backup; absent where nothing lies on a disk. */
  snapshot?(): Snapshot;
  /** Waits for what is in flight, then lets go of everything. Idempotent. */
  close(): Promise<void>;
}
