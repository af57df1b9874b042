/**
 * Writes the queue of sequenced commits as group frames: one frame in flight, everything that arrives meanwhile forms the next.
 *
 *   queue: [ in flight | next | ... ]    pwrite, fdatasync, then the whole group is durable
 *
 * A full disk rolls back the group and all behind it, since they may have read from it. Any other failure is the end of the process:
 * after a failed sync nobody knows what is on the disk, and the next sync may succeed and lie.
 */
import { StrongroomError } from '../../errors.ts';
import type { LogCipher } from '../cipher.ts';
import type { Write } from '../types.ts';
import type { Ballast } from './ballast.ts';
import { isDiskError, writeFully } from './disk.ts';
import type { OpenFile } from './files.ts';
import type { ChainPoint } from './format.ts';
import { encodeFrame } from './frame.ts';

/** Bytes of commits after which a group takes no more. */
const groupBytesMax = 8_388_608;

/** A commit on its way to the disk. `Undo` is the storage's own record of how to take it back. */
export interface QueuedCommit<Undo> {
  readonly revision: number;
  readonly writes: readonly Write[];
  readonly keyring: Uint8Array | undefined;
  readonly urgent: boolean;
  readonly bytes: number;
  readonly undo: Undo;
}

/** What the writer tells the storage. */
export interface GroupEvents<Undo> {
  /** These are on disk, their first value at `valuesAt` of `file`. */
  durable(commits: readonly QueuedCommit<Undo>[], file: number, valuesAt: number): void;
  /** These never happened; in the order in which they were sequenced. */
  rolledBack(commits: readonly QueuedCommit<Undo>[]): void;
  /** Nothing may be answered any more. */
  fatal(error: unknown): void;
}

interface Group<Undo> {
  readonly commits: QueuedCommit<Undo>[];
  bytes: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Where the writer stands. */
export interface WriterPosition {
  readonly file: OpenFile;
  readonly offset: number;
  readonly chain: ChainPoint;
  readonly frames: number;
}

/** The single writer of the log. */
export class GroupWriter<Undo> {
  readonly #cipher: LogCipher;
  readonly #lineage: Uint8Array;
  readonly #ballast: Ballast;
  readonly #events: GroupEvents<Undo>;
  #at: WriterPosition;
  #keyring: Uint8Array | undefined;
  #queue: Group<Undo>[] = [];
  #tasks: (() => Promise<void>)[] = [];
  /** Groups at the head of the queue that are being written. */
  #flying = 0;
  #running: Promise<void> | undefined;
  #dead = false;
  #lastSyncMs = 0;

  constructor(
    cipher: LogCipher,
    lineage: Uint8Array,
    ballast: Ballast,
    events: GroupEvents<Undo>,
    at: WriterPosition,
    keyring: Uint8Array | undefined,
  ) {
    this.#cipher = cipher;
    this.#lineage = lineage;
    this.#ballast = ballast;
    this.#events = events;
    this.#at = at;
    this.#keyring = keyring;
  }

  get position(): WriterPosition {
    return this.#at;
  }

  /** The newest keyring record that is on disk. */
  get keyring(): Uint8Array | undefined {
    return this.#keyring;
  }

  get lastSyncMs(): number {
    return this.#lastSyncMs;
  }

  /** Whether a failure has ended everything. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Queues a commit; the promise settles when its group is on disk or rolled back. */
  submit(commit: QueuedCommit<Undo>): Promise<void> {
    let group = this.#queue.at(-1);
    const open = group !== undefined && this.#queue.length > this.#flying && group.bytes < groupBytesMax;
    if (group === undefined || !open) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(() => undefined); // nobody has to wait for it
      group = { commits: [], bytes: 0, done: promise, resolve, reject };
      this.#queue.push(group);
    }
    group.commits.push(commit);
    group.bytes += commit.bytes;
    this.#start();
    return group.done;
  }

  /** Resolves when all that was queued up to `revision` is on disk; nothing when it is there. */
  durable(revision: number): Promise<void> | undefined {
    let waitFor: Group<Undo> | undefined;
    for (const group of this.#queue) {
      if ((group.commits[0]?.revision ?? 0) > revision) break;
      waitFor = group;
    }
    if (waitFor !== undefined) return waitFor.done;
    return this.#dead ? new Promise(() => undefined) : undefined;
  }

  /** Runs `task` when no frame is in flight; none is written before it settles. What it throws is its caller's. */
  between<Result>(task: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => task().then(resolve, reject));
      this.#start();
    });
  }

  /** Goes on in another file. Call only from a task of `between`. */
  moveTo(file: OpenFile, offset: number): void {
    this.#at = { ...this.#at, file, offset };
  }

  /** Resolves when the queue is empty. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Writes the frame that says that the log was closed in order, with every revision up to `head` used. Call when drained. */
  async writeClose(head: number): Promise<void> {
    if (this.#dead) return;
    await this.between(async () => {
      await this.#write([], head).catch((error: unknown) => this.fail(error));
    });
  }

  /** Ends everything: nothing queued ever settles. */
  fail(error: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#events.fatal(error);
  }

  #start(): void {
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#running = undefined;
        if (!this.#dead && (this.#tasks.length > 0 || this.#queue.length > 0)) this.#start();
      });
  }

  async #run(): Promise<void> {
    while (!this.#dead) {
      const task = this.#tasks.shift();
      if (task !== undefined) {
        await task();
        continue;
      }
      if (this.#queue.length === 0) return;
      // Names may be sealed under the key of a record that is still queued: everything before it goes into its frame.
      const last = this.#queue.findLastIndex((group) => group.commits.some((commit) => commit.keyring !== undefined));
      const groups = this.#queue.slice(0, Math.max(1, last + 1));
      const commits = groups.flatMap((group) => group.commits);
      this.#flying = groups.length;
      const valuesAt = await this.#write(commits);
      this.#flying = 0;
      if (valuesAt === undefined) continue;
      this.#queue.splice(0, groups.length);
      this.#events.durable(commits, this.#at.file.id, valuesAt);
      for (const group of groups) group.resolve();
    }
  }

  /** Gives the offset of the first value, or undefined when the disk was full and everything queued was rolled back. */
  async #write(commits: readonly QueuedCommit<Undo>[], head = 0): Promise<number | undefined> {
    const { file, offset, chain, frames } = this.#at;
    const keyring = commits.findLast((commit) => commit.keyring !== undefined)?.keyring;
    const revision = Math.max(commits.at(-1)?.revision ?? chain.revision, head);
    const place = { lineage: this.#lineage, file: file.id, offset };
    const frame = encodeFrame(this.#cipher, place, chain, { commits, keyring, lastRevision: revision });
    if (!this.#put(file, frame.bytes, offset)) return undefined;
    const started = performance.now();
    await file.file.fdatasync();
    this.#lastSyncMs = performance.now() - started;
    this.#keyring = keyring ?? this.#keyring;
    this.#at = { file, offset: offset + frame.bytes.length, chain: { hash: frame.hash, revision }, frames: frames + 1 };
    return frame.valuesAt;
  }

  #put(file: OpenFile, bytes: Buffer, offset: number): boolean {
    for (;;) {
      try {
        writeFully(file.file, bytes, offset);
        return true;
      } catch (error) {
        if (!isDiskError(error, 'ENOSPC')) throw error;
        const released = this.#ballast.release();
        const urgent = this.#queue.every((group) => group.commits.every((commit) => commit.urgent));
        if (released && urgent) continue;
        file.file.truncate(offset);
        this.#rollBack();
        return false;
      }
    }
  }

  #rollBack(): void {
    const groups = this.#queue;
    this.#queue = [];
    this.#flying = 0;
    this.#events.rolledBack(groups.flatMap((group) => group.commits));
    for (const group of groups) group.reject(new StrongroomError('storage-full', 'the disk is full: the write was not kept'));
  }
}
