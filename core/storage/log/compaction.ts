/**
 * Decides when to compact, runs one pass after the other, and repeats a pass that a full disk spoiled.
 */
import { StrongroomError } from '../../errors.ts';
import type { CompactOptions } from '../types.ts';
import type { LogContext } from './context.ts';
import { isDiskError } from './disk.ts';
import type { GroupWriter } from './group-writer.ts';
import { CompactionPass, PassSpoiled } from './compaction-pass.ts';
import type { Undo } from './log-storage.ts';

/** What a compaction gives. */
export interface CompactResult {
  /** Whether the re-wrap job that was asked for is complete: key versions older than its start are no longer needed. */
  readonly rewrapDone: boolean;
}

/** How a log compacts. */
export interface CompactorOptions {
  /** Bytes of tail at which compaction starts by itself; up to four times as much when the index is larger than that. */
  readonly compactAtBytes: number;
  /** A base file takes no more beyond this. */
  readonly baseFileBytesMax: number;
  /** Bytes that a re-wrap job copies between two manifests. */
  readonly rewrapBytesPerPass: number;
  /** Yields to the event loop. */
  readonly pause: () => Promise<void>;
  /** Hears of compactions that failed by themselves; the store goes on. */
  readonly onCompactionError: (error: unknown) => void;
}

const attemptsMax = 8;

/** The compaction of one opened log. */
export class Compactor {
  readonly #context: LogContext;
  readonly #writer: GroupWriter<Undo>;
  readonly #options: CompactorOptions;
  readonly #pass: CompactionPass;
  #running: Promise<unknown> = Promise.resolve();
  #busy = false;
  #stopping = false;
  /** Bytes of the tail's log files but the last. */
  #closedBytes = 0;
  #threshold: number;
  #count = 0;

  constructor(context: LogContext, writer: GroupWriter<Undo>, head: () => number, rollbacks: () => number, options: CompactorOptions) {
    this.#context = context;
    this.#writer = writer;
    this.#options = options;
    this.#threshold = this.#grownBy(0);
    this.#pass = new CompactionPass(context, writer, head, rollbacks, () => this.#stopping, options);
  }

  /** Compactions published since opening. */
  get count(): number {
    return this.#count;
  }

  /** Starts a compaction if the tail has grown enough. */
  consider(): void {
    if (this.#busy || this.#stopping || this.#closedBytes + this.#writer.position.offset < this.#threshold) return;
    this.compact({}).catch((error: unknown) => {
      if (!this.#stopping && !this.#writer.dead) this.#options.onCompactionError(error);
    });
  }

  /** Compacts after the compactions that were asked for before. */
  compact(options: CompactOptions): Promise<CompactResult> {
    const result = this.#running.then(() => this.#compact(options));
    this.#running = result.catch(() => undefined);
    this.#busy = true;
    return result;
  }

  /** Ends the compaction that runs, at its next pause. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #compact({ rewrapAll, onProgress }: CompactOptions): Promise<CompactResult> {
    this.#busy = true;
    let failed = true;
    try {
      if (rewrapAll !== undefined && this.#context.rewrap?.job !== rewrapAll) this.#context.rewrap = { job: rewrapAll, cursor: '' };
      await this.#repeatPass(rewrapAll !== undefined, onProgress);
      if (rewrapAll !== undefined) while (this.#context.rewrap !== undefined) await this.#repeatPass(true, onProgress);
      failed = false;
      return { rewrapDone: rewrapAll !== undefined };
    } catch (error) {
      if (isDiskError(error, 'ENOSPC'))
        throw new StrongroomError('storage-full', 'the disk is full: compaction was given up', { cause: error });
      if (error instanceof PassSpoiled) throw new StrongroomError('unavailable', error.message, { cause: error });
      if (!(error instanceof StrongroomError)) this.#writer.fail(error);
      throw error;
    } finally {
      this.#threshold = this.#grownBy(failed ? this.#closedBytes + this.#writer.position.offset : 0);
      this.#busy = false;
    }
  }

  /** Also counts what the tail's older files hold. Gives the size at which the next compaction starts: a large index is not written for a small tail. */
  #grownBy(tailBytes: number): number {
    const { files, index } = this.#context;
    const { id } = this.#writer.position.file;
    this.#closedBytes = 0;
    for (const open of files.all()) if (open.kind === 'log' && open.id < id) this.#closedBytes += open.file.size();
    let indexBytes = 0;
    for (const { stored } of index.refs()) indexBytes += stored?.length ?? 0;
    const { compactAtBytes } = this.#options;
    return tailBytes + Math.max(compactAtBytes, Math.min(4 * compactAtBytes, indexBytes));
  }

  async #repeatPass(rewraps: boolean, onProgress: CompactOptions['onProgress']): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#pass.run(rewraps, onProgress);
        this.#count++;
        return;
      } catch (error) {
        if (!(error instanceof PassSpoiled) || attempt === attemptsMax || this.#stopping) throw error;
      }
    }
  }
}
