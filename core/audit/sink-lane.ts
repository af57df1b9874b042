/** One sink behind the broker: its calls one at a time, its deadline, and what it missed. */
import type { AuditSink } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import type { ChainPoint } from './chain.ts';

/** A sink as the config names it. */
export interface NamedSink {
  readonly name: string;
  readonly sink: AuditSink;
  /** A sink that must take every entry, or requests fail. */
  readonly required: boolean;
}

/** Lines that go out in one write. */
export interface Batch {
  /** Complete lines. */
  readonly lines: Uint8Array;
  /** The chain before the first and after the last of the lines. */
  readonly before: ChainPoint;
  readonly after: ChainPoint;
}

/** What a lane needs of the broker. */
export interface LaneOptions {
  /** Milliseconds a sink may take for one batch. */
  readonly deadlineMs: number;
  /** Bytes of batches that may wait for a sink that is not required. */
  readonly queueBytesMax: number;
  /** Makes the marker that says which lines this sink may not have. */
  readonly recovery: (from: ChainPoint, to: ChainPoint) => string;
  /** Told of each failure, for the operator's log. */
  readonly onFailure: (sink: string, error: unknown) => void;
}

/** Counters of one sink. */
export interface LaneStats {
  readonly name: string;
  readonly required: boolean;
  readonly batches: number;
  readonly bytes: number;
  readonly failures: number;
  /** A call missed its deadline and has not come back. */
  readonly hung: boolean;
  /** Lines are missing that the next successful batch will be marked for. */
  readonly behind: boolean;
}

/** Runs the calls of one sink. */
export class SinkLane {
  readonly name: string;
  readonly required: boolean;
  readonly #sink: AuditSink;
  readonly #options: LaneOptions;
  #tail: Promise<unknown> = Promise.resolve();
  /** Calls in the tail that have not come back. */
  #waiting = 0;
  #waitingBytes = 0;
  #syncing: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;
  /** Calls that missed their deadline and have not come back. */
  #overdue = 0;
  /** The last line that this sink surely has, when it missed some. */
  #missingAfter: ChainPoint | undefined;
  #batches = 0;
  #bytes = 0;
  #failures = 0;

  /** @param missingAfter the sink's own last line, when the chain went on without it */
  constructor({ name, sink, required }: NamedSink, options: LaneOptions, missingAfter?: ChainPoint) {
    this.name = name;
    this.required = required;
    this.#sink = sink;
    this.#options = options;
    this.#missingAfter = missingAfter;
  }

  /** A call missed its deadline and has not come back: nothing may be sent. */
  get hung(): boolean {
    return this.#overdue > 0;
  }

  get stats(): LaneStats {
    return {
      name: this.name,
      required: this.required,
      batches: this.#batches,
      bytes: this.#bytes,
      failures: this.#failures,
      hung: this.hung,
      behind: this.#missingAfter !== undefined,
    };
  }

  /**
   * Sends a batch after all earlier ones. Nothing is returned when the sink took it at once. Rejects with `audit-failed` when the sink fails,
   * is full, or misses its deadline.
   */
  append(batch: Batch): Promise<void> | void {
    const { length } = batch.lines;
    if (this.hung || (this.#waitingBytes > 0 && this.#waitingBytes + length > this.#options.queueBytesMax)) {
      this.#missed(batch);
      return Promise.reject(this.#failed(this.hung ? 'has not come back from its last call' : 'is too far behind'));
    }
    if (this.#waiting === 0) {
      const taken = this.#send(batch);
      return taken === undefined ? undefined : this.#counted(length, () => taken);
    }
    return this.#counted(length, () => this.#send(batch));
  }

  #counted(length: number, call: () => Promise<void> | void): Promise<void> {
    this.#waitingBytes += length;
    return this.#limited(async () => {
      try {
        await call();
      } finally {
        this.#waitingBytes -= length;
      }
    });
  }

  /** Makes every line safe that was appended before. One sync runs at a time; who asks meanwhile shares the next one. Rejects as `append` does. */
  sync(): Promise<void> {
    if (this.#syncing === undefined) return this.#startSync();
    this.#nextSync ??= this.#syncing.then(
      () => this.#startSync(),
      () => this.#startSync(),
    );
    return this.#nextSync;
  }

  #startSync(): Promise<void> {
    this.#nextSync = undefined;
    if (this.hung) return Promise.reject(this.#failed('has not come back from its last call'));
    const running = this.#waiting === 0 ? this.#sink.sync() : this.#tail.then(() => this.#sink.sync());
    const limited = this.#deadline(running);
    const ended = (): void => {
      if (this.#syncing === limited) this.#syncing = undefined;
    };
    this.#syncing = limited;
    limited.then(ended, ended);
    return limited;
  }

  /** Lets the sink take its files again, between two batches. */
  reopen(): Promise<void> {
    return this.#limited(() => this.#sink.reopen());
  }

  /** Waits at most the deadline for what is under way, then closes the sink. */
  async close(): Promise<void> {
    await this.#limited(async () => this.#syncing?.catch(() => undefined)).catch(() => undefined);
    await this.#deadline(this.#sink.close()).catch((error: unknown) => this.#report(error));
  }

  #send(batch: Batch): Promise<void> | void {
    const missingAfter = this.#missingAfter;
    const marked = missingAfter !== undefined && missingAfter.seq < batch.before.seq;
    const marker = marked ? Buffer.from(`${this.#options.recovery(missingAfter, batch.before)}\n`) : undefined;
    const lines = marker ? Buffer.concat([marker, batch.lines]) : batch.lines;
    const refused = (error: unknown): Promise<void> => {
      this.#missed(batch);
      return Promise.reject(this.#failed('did not take a batch', error));
    };
    try {
      const taken = this.#sink.append(lines);
      if (taken !== undefined) return taken.then(() => this.#took(batch, lines), refused);
    } catch (error) {
      return refused(error);
    }
    this.#took(batch, lines);
  }

  #took(batch: Batch, lines: Uint8Array): void {
    // A batch that was turned away while this one waited stays missed.
    if (this.#missingAfter && this.#missingAfter.seq <= batch.before.seq) this.#missingAfter = undefined;
    this.#batches++;
    this.#bytes += lines.length;
  }

  #missed({ before }: Batch): void {
    if (!this.#missingAfter || before.seq < this.#missingAfter.seq) this.#missingAfter = before;
  }

  /** Runs a call after all earlier ones; past the deadline the promise rejects, and the lane stays hung until the call comes back. */
  #limited(call: () => Promise<void>): Promise<void> {
    this.#waiting++;
    const running = this.#tail.then(call);
    const ended = (): void => void this.#waiting--;
    this.#tail = running.then(ended, ended);
    return this.#deadline(running);
  }

  #deadline(running: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      let overdue = 0;
      const timer = setTimeout(() => {
        overdue = 1;
        this.#overdue++;
        reject(this.#failed('missed its deadline'));
      }, this.#options.deadlineMs);
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#overdue -= overdue;
        finish();
      };
      running.then(
        () => settle(resolve),
        (error: unknown) => settle(() => reject(error instanceof StrongroomError ? error : this.#failed('failed', error))),
      );
    });
  }

  #failed(what: string, cause?: unknown): StrongroomError {
    const error = new StrongroomError('audit-failed', `the audit sink ${this.name} ${what}`, { cause });
    this.#report(error);
    return error;
  }

  #report(error: unknown): void {
    this.#failures++;
    this.#options.onFailure(this.name, error);
  }
}
