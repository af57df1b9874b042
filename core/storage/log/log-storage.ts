/** The store over the write-ahead log: sequences commits, serves reads from the index, and hands commits to the group writer. */
import { StrongroomError } from '../../errors.ts';
import { checkWrites } from '../keys.ts';
import type { SlotTable } from '../slots.ts';
import type {
  Change,
  Commit,
  CommitOptions,
  CompactOptions,
  Entry,
  Expectation,
  Listing,
  Revision,
  Slot,
  Snapshot,
  Storage,
  Write,
} from '../types.ts';
import type { Ballast } from './ballast.ts';
import { followChanges } from './changes.ts';
import type { Compactor, CompactResult } from './compaction.ts';
import type { LogContext } from './context.ts';
import { checkOf } from './files.ts';
import type { GroupEvents, GroupWriter, QueuedCommit } from './group-writer.ts';
import { type Location, pendingFile } from './page.ts';
import { takeSnapshot } from './snapshot.ts';
import { gatherStats, type LogStats } from './stats.ts';

/** The log as its host sees it. */
export interface LogStorage extends Storage {
  /** Compacts now, or joins the compaction that runs. */
  compact(options?: CompactOptions): Promise<CompactResult>;
  snapshot(): Snapshot;
  stats(): LogStats;
}

/** A value between its commit and its sync. */
interface PendingValue {
  readonly value: Uint8Array;
  /** Set when it is on disk. */
  at: Location | undefined;
}

/** How to take one write back. */
interface UndoWrite {
  readonly key: string;
  readonly before: Location | undefined;
  readonly beforePending: PendingValue | undefined;
  /** Number in the pending table; 0 for a deletion. */
  readonly pending: number;
}

/** What the writer keeps for each commit. */
export type Undo = readonly UndoWrite[];

const absent: Entry = Object.freeze({ revision: 0, value: undefined });

/** The parts that `openLog` puts together. */
export interface LogParts {
  readonly context: LogContext;
  readonly slots: SlotTable;
  readonly ballast: Ballast;
  readonly head: Revision;
  readonly onFatal: (error: unknown) => void;
  readonly release: () => void;
  makeWriter(events: GroupEvents<Undo>): GroupWriter<Undo>;
  makeCompactor(writer: GroupWriter<Undo>, head: () => Revision, rollbacks: () => number): Compactor;
}

/** See `LogStorage`. */
export class WriteAheadLog implements LogStorage {
  readonly #context: LogContext;
  readonly #slots: SlotTable;
  readonly #ballast: Ballast;
  readonly #writer: GroupWriter<Undo>;
  readonly #compactor: Compactor;
  readonly #onFatal: (error: unknown) => void;
  readonly #release: () => void;
  readonly #pending = new Map<number, PendingValue>();
  #pendingNumber = 0;
  #head: Revision;
  #rollbacks = 0;
  readonly #failed = Promise.withResolvers<void>();
  #closing: Promise<void> | undefined;
  #closed = false;
  #wake: (() => void)[] = [];

  constructor(parts: LogParts) {
    this.#context = parts.context;
    this.#slots = parts.slots;
    this.#ballast = parts.ballast;
    this.#head = parts.head;
    this.#onFatal = parts.onFatal;
    this.#release = parts.release;
    this.#writer = parts.makeWriter({
      durable: (commits, file, valuesAt) => this.#settle(commits, file, valuesAt),
      rolledBack: (commits) => this.#rollBack(commits),
      fatal: (error) => {
        this.#failed.resolve();
        this.#notify();
        this.#onFatal(error);
      },
    });
    this.#compactor = parts.makeCompactor(
      this.#writer,
      () => this.#head,
      () => this.#rollbacks,
    );
  }

  head(): Revision {
    return this.#head;
  }

  durableHead(): Revision {
    return this.#writer.position.chain.revision;
  }

  durable(revision: Revision): Promise<void> | undefined {
    return this.#writer.durable(revision);
  }

  slot(keyOrDirectory: string): Slot {
    return this.#slots.slot(keyOrDirectory);
  }

  movedAt(slot: Slot): Revision {
    return this.#slots.movedAt(slot);
  }

  get(key: string): Entry {
    this.#assertLive();
    const at = this.#context.index.get(key);
    if (at === undefined) return absent;
    const value = at.file === pendingFile ? this.#pending.get(at.offset)?.value : this.#context.files.value(at);
    return { revision: at.revision, value };
  }

  list(directory: string, after: string, limit: number): Listing {
    this.#assertLive();
    return { names: this.#context.index.list(directory, after, limit) };
  }

  commit(writes: readonly Write[], expect?: Expectation, options: CommitOptions = {}): Commit {
    this.#assertLive();
    if (this.#closing !== undefined) throw new StrongroomError('unavailable', 'the storage is closing');
    const bytes = checkWrites(writes);
    this.#slots.check(expect);
    const urgent = options.urgent === true;
    if (this.#ballast.full && !urgent) {
      this.#ballast.probe().catch((error: unknown) => this.#writer.fail(error));
      throw new StrongroomError('storage-full', 'the disk is full: only deletions and revocations are taken');
    }
    const revision = ++this.#head;
    const undo: UndoWrite[] = [];
    try {
      for (const write of writes) this.#apply(write, revision, undo);
    } catch (error) {
      this.#undo(undo, ++this.#head);
      throw error;
    }
    const durable = this.#writer.submit({ revision, writes, keyring: options.keyring, urgent, bytes, undo });
    return { revision, durable };
  }

  changes(from: Revision): AsyncIterable<Change> {
    return followChanges(from, this.#context, {
      position: () => this.#writer.position,
      ended: () => this.#closed || this.#writer.dead,
      woken: () => new Promise((resolve) => this.#wake.push(resolve)),
    });
  }

  compact(options: CompactOptions = {}): Promise<CompactResult> {
    this.#assertLive();
    return this.#compactor.compact(options);
  }

  snapshot(): Snapshot {
    this.#assertLive();
    return takeSnapshot(this.#context, this.#writer.position);
  }

  stats(): LogStats {
    const { count } = this.#compactor;
    return gatherStats(this.#context, this.#writer, { head: this.#head, full: this.#ballast.full, compactions: count });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // After a failure nothing settles any more.
    await Promise.race([this.#failed.promise, this.#finish()]);
    this.#closed = true;
    this.#notify();
    this.#context.files.closeAll();
    this.#release();
  }

  async #finish(): Promise<void> {
    await this.#compactor.stop();
    await this.#writer.drained();
    await this.#ballast.settled();
    await this.#writer.writeClose(this.#head);
  }

  #apply({ key, value }: Write, revision: Revision, undo: UndoWrite[]): void {
    const { index } = this.#context;
    let pending = 0;
    let before: Location | undefined;
    if (value === undefined) before = index.remove(key);
    else {
      pending = ++this.#pendingNumber;
      before = index.put(key, { revision, file: pendingFile, offset: pending, length: value.byteLength, check: checkOf(value) });
      this.#pending.set(pending, { value, at: undefined });
    }
    undo.push({ key, before, beforePending: before?.file === pendingFile ? this.#pending.get(before.offset) : undefined, pending });
    this.#move(key, before !== undefined, value !== undefined, revision);
  }

  #move(key: string, existed: boolean, exists: boolean, revision: Revision): void {
    if (!existed && !exists) return;
    this.#slots.move(key, revision);
    if (existed === exists) return;
    const { previous, next } = this.#context.index.neighbours(key);
    this.#slots.moveListings(key, previous, next, revision);
  }

  #undo(undo: Undo, revision: Revision): void {
    const { index } = this.#context;
    for (const { key, before, beforePending, pending } of undo.toReversed()) {
      const location = beforePending?.at ?? before;
      const existed = location === undefined ? index.remove(key) : index.put(key, location);
      this.#pending.delete(pending);
      this.#move(key, existed !== undefined, location !== undefined, revision);
    }
  }

  #settle(commits: readonly QueuedCommit<Undo>[], file: number, valuesAt: number): void {
    const { index } = this.#context;
    let offset = valuesAt;
    for (const { undo, revision } of commits) {
      for (const { key, pending } of undo) {
        const entry = this.#pending.get(pending);
        if (entry === undefined) continue;
        this.#pending.delete(pending);
        const at = index.get(key);
        const length = entry.value.byteLength;
        const check = at?.file === pendingFile && at.offset === pending ? at.check : checkOf(entry.value);
        entry.at = { revision, file, offset, length, check };
        offset += length;
        if (at?.file === pendingFile && at.offset === pending) index.put(key, entry.at);
      }
    }
    this.#notify();
    this.#compactor.consider();
  }

  #rollBack(commits: readonly QueuedCommit<Undo>[]): void {
    if (commits.length === 0) return;
    this.#rollbacks++;
    const revision = ++this.#head;
    for (const { undo } of commits.toReversed()) this.#undo(undo, revision);
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #assertLive(): void {
    if (this.#closed) throw new StrongroomError('unavailable', 'the storage is closed');
    if (this.#writer.dead) throw new StrongroomError('internal', 'the storage has failed');
  }
}
