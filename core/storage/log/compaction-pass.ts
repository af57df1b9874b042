/**
 * One pass of compaction, while serving:
 *
 *   1 rotate   a new log file begins between two frames: the future tail
 *   2 walk     the pages in key order, in slices: values in closed logs and in base files that are mostly garbage are copied into
 *              a new base file, and each page that changed is written there
 *   3 wait     until everything that the pages have seen is durable, and sync the base files
 *   4 publish  the manifest; then the old files go
 *
 * The snapshot is fuzzy: pages are from different moments. A page leaves out what lies in the future tail, whose replay puts it
 * back, and so does every change since: replaying the tail over any mixture of moments gives the same state. A rollback in
 * between spoils the pass, because a page may have left out an entry for a write that never happened.
 */
import { StrongroomError } from '../../errors.ts';
import type { CompactProgress } from '../types.ts';
import { type Appended, BaseWriter } from './base-writer.ts';
import type { CompactorOptions } from './compaction.ts';
import type { LogContext } from './context.ts';
import { isDiskError } from './disk.ts';
import { checkOf } from './files.ts';
import { damage, fileName } from './format.ts';
import type { GroupWriter } from './group-writer.ts';
import type { Undo } from './log-storage.ts';
import { writeManifest, type Manifest } from './manifest.ts';
import { encodePage, type Location, pendingFile } from './page.ts';
import type { PageRef, StoredPage } from './page-index.ts';
import { encodeTable } from './page-table.ts';
import { rotateLog } from './rotation.ts';

/** A rollback or a stop made the pass worthless; what it copied stays. */
export class PassSpoiled extends Error {
  override readonly name = 'PassSpoiled';
}

interface Captured {
  readonly first: string;
  readonly stored: StoredPage;
  readonly ref: PageRef;
  readonly version: number;
  /** Whether the record holds all names of the page. */
  readonly whole: boolean;
}

/** Bytes copied or pages written in one turn of the event loop: about a millisecond, since every request waits for several turns. */
const sliceBytes = 32_768;
const slicePages = 1;

/** Runs passes; one at a time. */
export class CompactionPass {
  readonly #context: LogContext;
  readonly #writer: GroupWriter<Undo>;
  readonly #head: () => number;
  readonly #rollbacks: () => number;
  readonly #stopping: () => boolean;
  readonly #options: CompactorOptions;
  #base: BaseWriter;
  #doomed: ReadonlySet<number> = new Set();
  #rollbacksBefore = 0;
  #captured: Captured[] = [];
  /** Values that this slice moved, and where they were. */
  #moved: { readonly key: string; readonly before: Location }[] = [];
  #sliceStart = 0;
  #slicePages = 0;

  constructor(
    context: LogContext,
    writer: GroupWriter<Undo>,
    head: () => number,
    rollbacks: () => number,
    stopping: () => boolean,
    options: CompactorOptions,
  ) {
    this.#context = context;
    this.#writer = writer;
    this.#head = head;
    this.#rollbacks = rollbacks;
    this.#stopping = stopping;
    this.#options = options;
    this.#base = new BaseWriter(context, options.baseFileBytesMax);
  }

  /**
   * Runs one pass and publishes it.
   * @param rewraps whether to take the context's re-wrap job a step further
   * @throws PassSpoiled, ENOSPC of the disk, StrongroomError for a damaged value; anything else is fatal
   */
  async run(rewraps: boolean, onProgress: ((progress: CompactProgress) => void) | undefined): Promise<void> {
    const context = this.#context;
    this.#rollbacksBefore = this.#rollbacks();
    this.#captured = [];
    this.#base = new BaseWriter(context, this.#options.baseFileBytesMax);
    const { tail, keyring } = await rotateLog(context, this.#writer);
    this.#doomed = this.#choose(tail.file);
    let cursor: string | undefined;
    try {
      cursor = await this.#walk(rewraps, onProgress);
      await this.#waitDurable();
    } catch (error) {
      await this.#keepCopies();
      throw error;
    }
    const rewrap =
      rewraps && context.rewrap !== undefined ? (cursor === undefined ? undefined : { job: context.rewrap.job, cursor }) : context.rewrap;
    const table = await this.#writeTable(rewrap);
    const bases = [...context.bases.values()].filter(({ id }) => !this.#doomed.has(id));
    const manifest: Manifest = { lineage: context.lineage, nextFile: context.nextFile, bases, table, tail, keyring };
    await writeManifest(context.disk, context.directory, context.cipher, manifest);
    context.tail = tail;
    context.rewrap = rewrap;
    this.#release();
  }

  /** The index already refers to what a spoiled pass has copied: it has to stay. */
  async #keepCopies(): Promise<void> {
    try {
      this.#endSlice();
    } catch (error) {
      if (!isDiskError(error, 'ENOSPC')) throw error;
    }
    await this.#base.finish();
  }

  /** Closed logs, and base files of which less than half is in use. */
  #choose(tailFile: number): ReadonlySet<number> {
    const { index, files, bases } = this.#context;
    const doomed = new Set<number>();
    for (const { kind, id } of files.all()) if (kind === 'log' && id < tailFile) doomed.add(id);
    const used = new Map(index.liveBytes);
    for (const { stored } of index.refs()) if (stored !== undefined) used.set(stored.file, (used.get(stored.file) ?? 0) + stored.length);
    for (const { id, bytes } of bases.values()) if ((used.get(id) ?? 0) * 2 < bytes) doomed.add(id);
    return doomed;
  }

  /** Gives the key at which a re-wrap job has to go on in the next pass; undefined when all was visited. */
  async #walk(rewraps: boolean, onProgress: ((progress: CompactProgress) => void) | undefined): Promise<string | undefined> {
    const { index, rewrap } = this.#context;
    let stoppedAt: string | undefined;
    this.#beginSlice();
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const ref = index.refOf(cursor);
      if (ref.stored === undefined) index.joinNext(ref);
      const next = index.refAfter(ref.first);
      let visits = rewraps && rewrap !== undefined && stoppedAt === undefined && (next === undefined || next.first > rewrap.cursor);
      if (visits && this.#base.total >= this.#options.rewrapBytesPerPass) {
        stoppedAt = ref.first;
        visits = false;
      }
      if (visits || this.#needsWriting(ref)) {
        const first = ref.first;
        for (let from: string | undefined = first; from !== undefined;) {
          from = this.#move(index.refOf(first), from, visits);
          if (from !== undefined) await this.#pause(onProgress);
        }
        this.#capture(index.refOf(first));
      } else if (ref.stored !== undefined) {
        this.#captured.push({ first: ref.first, stored: ref.stored, ref, version: ref.version, whole: true });
      }
      cursor = index.refAfter(cursor)?.first;
      if (this.#slicePages >= slicePages || this.#base.total - this.#sliceStart >= sliceBytes) await this.#pause(onProgress);
    }
    this.#endSlice();
    return stoppedAt;
  }

  #needsWriting({ stored }: PageRef): boolean {
    if (stored === undefined || this.#doomed.has(stored.file)) return true;
    for (const file of stored.bytesByFile.keys()) if (this.#doomed.has(file)) return true;
    return false;
  }

  /** Copies the values of a page that have to move, from the key `from` on; gives where to go on when the slice is spent. */
  #move(ref: PageRef, from: string, rewraps: boolean): string | undefined {
    const { index, files } = this.#context;
    const page = index.load(ref);
    for (let row = page.search(from); row < page.names.length; row++) {
      const before = page.at(row);
      const key = page.names[row] ?? '';
      const doomed = this.#doomed.has(before.file);
      if (!doomed && !(rewraps && this.#keeps(before.file))) continue;
      if (this.#base.total - this.#sliceStart >= sliceBytes) return key;
      const value = files.value(before);
      const current = this.#rewrap(key, value, before);
      if (current === undefined && !doomed) continue;
      const copy = current ?? value;
      const at: Appended = this.#base.value(copy);
      this.#moved.push({ key, before });
      index.relocate(ref, row, { revision: before.revision, ...at, check: current === undefined ? before.check : checkOf(copy) });
    }
    return undefined;
  }

  #rewrap(key: string, value: Uint8Array, { file, offset }: Location): Uint8Array | undefined {
    try {
      return this.#context.cipher.rewrap(key, value);
    } catch (cause) {
      throw damage(fileName(this.#context.files.get(file)?.kind ?? 'log', file), offset, 'the value does not open', cause);
    }
  }

  /** Whether a snapshot may refer to this file: base files that stay. */
  #keeps(file: number): boolean {
    return file !== pendingFile && !this.#doomed.has(file) && (this.#context.bases.has(file) || this.#base.ids.has(file));
  }

  #capture(ref: PageRef): void {
    const page = this.#context.index.load(ref);
    const { bytes, count, bytesByFile } = encodePage(page, (file) => this.#keeps(file));
    const stored = { ...this.#base.record('page', bytes), count, bytesByFile };
    this.#captured.push({ first: ref.first, stored, ref, version: ref.version, whole: count === page.names.length });
    this.#slicePages++;
  }

  #beginSlice(): void {
    this.#base.begin();
    this.#sliceStart = this.#base.total;
    this.#slicePages = 0;
    this.#moved = [];
  }

  #endSlice(): void {
    try {
      this.#base.flush();
    } catch (error) {
      for (const { key, before } of this.#moved.toReversed()) this.#context.index.put(key, before);
      throw error;
    } finally {
      this.#moved = [];
    }
  }

  async #pause(onProgress: ((progress: CompactProgress) => void) | undefined): Promise<void> {
    this.#endSlice();
    onProgress?.({ pagesDone: this.#captured.length, pagesTotal: this.#context.index.pages, bytesCopied: this.#base.total });
    await this.#options.pause();
    this.#assertWanted();
    this.#beginSlice();
  }

  #assertWanted(): void {
    if (this.#writer.dead || this.#stopping() || this.#rollbacks() !== this.#rollbacksBefore) {
      throw new PassSpoiled('the compaction was ended by a rollback or by closing');
    }
  }

  async #waitDurable(): Promise<void> {
    try {
      await this.#writer.durable(this.#head());
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
    }
    this.#assertWanted();
  }

  async #writeTable(rewrap: LogContext['rewrap']): Promise<NonNullable<Manifest['table']>> {
    const rows = this.#captured.map(({ first, stored }) => ({ first, stored }));
    try {
      this.#beginSlice();
      const table = this.#base.record('table', encodeTable(rows, rewrap));
      this.#base.flush();
      return table;
    } finally {
      await this.#base.finish();
    }
  }

  /** After the manifest: pages that are as captured become clean, and what is no longer named goes. */
  #release(): void {
    const { index, files, bases, entombed, disk, directory } = this.#context;
    for (const { ref, version, stored, whole } of this.#captured) {
      if (ref.version !== version || !whole) continue;
      const wasClean = ref.stored !== undefined;
      ref.stored = stored;
      if (!wasClean && ref.page !== undefined) index.keepClean(ref);
    }
    this.#captured = [];
    for (const id of this.#doomed) {
      bases.delete(id);
      files.remove(id);
    }
    for (const name of entombed) disk.unlink(`${directory}/${name}`);
    entombed.clear();
  }
}
