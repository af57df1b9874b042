/**
 * Takes entries from all requests, gives them their place in the chain, and hands them to every sink: one write per turn of the event loop,
 * and while a write is under way the next batch collects.
 *
 *     record ─▶ chain ─▶ batch ─┬▶ lane of a required sink ─┬▶ all taken: resolved; one failed: rejected
 *                               └▶ lane of another sink      (failures are counted and logged)
 */
import type { KeyObject } from 'node:crypto';
import { StrongroomError } from '../errors.ts';
import { AuditChain, chainStart, lineHash, readChained, type ChainedLine, type ChainPoint } from './chain.ts';
import { checkpointBody, lostBody, recoveryLine, startBody, type Gap, type StartLine } from './checkpoint.ts';
import { readTail } from './lost.ts';
import { SinkLane, type Batch, type LaneStats, type NamedSink } from './sink-lane.ts';

/** What a broker is made of. */
export interface AuditBrokerOptions {
  /** At least one. When none is required, an entry is recorded as soon as any sink has it. */
  readonly sinks: readonly NamedSink[];
  /** Revision up to which the storage is on disk: stands in every line, so that a storage rolled back is noticed. */
  readonly head: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly version: string;
  /** Ed25519 private key for checkpoints and recovery markers; without it they are not signed. */
  readonly signingKey?: KeyObject;
  /** Entries between checkpoints, default 10,000. */
  readonly checkpointEvery?: number;
  /** Milliseconds that a sink may take, default 5,000. */
  readonly deadlineMs?: number;
  /** Bytes that may wait, default 64 MiB. Beyond it entries are refused. */
  readonly queueBytesMax?: number;
  /** Told the storage's revision that the last run saw, before anything is recorded; what it throws, opening throws, and nothing is recorded. */
  readonly checkHead?: (seen: number) => void;
  /** Told of each failure of a sink. */
  readonly onFailure?: (sink: string, error: unknown) => void;
  /** Told of lines that a power cut took out of a sink, before the start is recorded. */
  readonly onLost?: (sink: string, gaps: readonly Gap[]) => void;
}

/** Where a run begins. */
interface Beginning {
  /** Where the chain goes on. */
  readonly last: ChainPoint;
  /** By sink: its own last line, when it is not `last`. */
  readonly missingAfter: ReadonlyMap<NamedSink, ChainPoint>;
  /** Up to this line every sink has the log on disk. */
  readonly synced: number;
}

/** Counters of the broker. */
export interface AuditStats {
  /** Seq of the last line. */
  readonly seq: number;
  /** Entries that are recorded, refused, and waiting. */
  readonly recorded: number;
  readonly refused: number;
  readonly pending: number;
  readonly sinks: readonly LaneStats[];
}

interface Collecting {
  readonly lines: string[];
  readonly before: ChainPoint;
  readonly sinceCheckpoint: number;
  readonly result: PromiseWithResolvers<void>;
  entries: number;
  sync: boolean;
}

/** The one writer of the audit log. Made by `openAuditBroker`. */
export class AuditBroker {
  readonly #options: AuditBrokerOptions;
  readonly #lanes: readonly SinkLane[];
  readonly #required: readonly SinkLane[];
  readonly #chain: AuditChain;
  readonly #checkpointEvery: number;
  readonly #queueCharsMax: number;
  #collecting: Collecting | undefined;
  #pendingChars = 0;
  #sinceCheckpoint = 0;
  /** Up to this line every sink has the log on disk. */
  #synced: number;
  #writing = false;
  #closed = false;
  #recorded = 0;
  #refused = 0;

  constructor(options: AuditBrokerOptions, { last, missingAfter, synced }: Beginning) {
    this.#options = options;
    this.#synced = synced;
    this.#checkpointEvery = options.checkpointEvery ?? 10_000;
    this.#queueCharsMax = options.queueBytesMax ?? 67_108_864;
    this.#chain = new AuditChain(last);
    const laneOptions = {
      deadlineMs: options.deadlineMs ?? 5000,
      queueBytesMax: this.#queueCharsMax,
      recovery: (from: ChainPoint, to: ChainPoint) => recoveryLine(from, to, options.now(), options.head(), options.signingKey),
      onFailure: options.onFailure ?? (() => undefined),
    };
    this.#lanes = options.sinks.map((sink) => new SinkLane(sink, laneOptions, missingAfter.get(sink)));
    this.#required = this.#lanes.filter((lane) => lane.required);
  }

  /**
   * Records an entry. The order of calls is the order of lines. Resolves when every required sink has it (with `sync`: as safely as it can).
   * @param body the entry from the serializer: JSON text of one object on one line
   * @throws StrongroomError `audit-failed` (rejects): the entry may or may not be in the log, and the request must not go on
   */
  record(body: string, { sync }: { readonly sync: boolean }): Promise<void> {
    if (this.#closed) return this.#refuse('the audit log is closed');
    const hung = this.#required.find((lane) => lane.hung);
    if (hung) return this.#refuse(`the audit sink ${hung.name} does not answer`);
    if (this.#pendingChars + body.length > this.#queueCharsMax) return this.#refuse('too many audit entries wait to be written');
    return this.#append(`{"head":${this.#options.head()},${body.slice(1)}`, sync).result.promise;
  }

  /** Counters, for metrics. */
  stats(): AuditStats {
    return {
      seq: this.#chain.point.seq,
      recorded: this.#recorded,
      refused: this.#refused,
      pending: this.#collecting?.entries ?? 0,
      sinks: this.#lanes.map((lane) => lane.stats),
    };
  }

  /** Lets every sink take its files again (SIGHUP). Rejects with the first failure, after all were asked. */
  async reopen(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#lanes.map((lane) => lane.reopen()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Records the start of a run, and what a power cut took from the one before. */
  async start(previous: StartLine['previous'], lost: ReadonlyMap<string, readonly Gap[]>): Promise<void> {
    const { now, version, head, signingKey } = this.#options;
    const { result } = this.#append(startBody({ time: now(), version, head: head(), previous }), true);
    for (const [sink, gaps] of lost) this.#append(lostBody(this.#chain.point, { time: now(), head: head(), sink, gaps }, signingKey), true);
    void this.#checkpoint(false);
    await result.promise;
  }

  /** Takes no more entries, writes what waits and a last checkpoint, closes the sinks. Rejects when the checkpoint was not taken. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const [outcome] = await Promise.allSettled([this.#stop()]);
    await Promise.all(this.#lanes.map((lane) => lane.close()));
    if (outcome.status === 'rejected') throw outcome.reason;
  }

  #append(body: string, sync: boolean): Collecting {
    this.#collecting ??= this.#startBatch();
    const batch = this.#collecting;
    const line = this.#chain.next(body);
    batch.lines.push(line);
    batch.entries++;
    batch.sync ||= sync;
    this.#pendingChars += line.length;
    if (++this.#sinceCheckpoint >= this.#checkpointEvery) void this.#checkpoint(false);
    return batch;
  }

  /** The last checkpoint comes when all before it is on disk, so that nothing before it can be taken for a power cut's doing. */
  async #stop(): Promise<void> {
    if (this.#synced < this.#chain.point.seq) await this.#checkpoint(false);
    await this.#checkpoint(true);
  }

  /** Synced, so that a power cut can't take more than two checkpoints' distance, and the next start need not look further back. */
  #checkpoint(stop: boolean): Promise<void> {
    const { now, head, signingKey } = this.#options;
    // First, because the append below counts as an entry.
    this.#sinceCheckpoint = -1;
    const state = { time: now(), head: head(), synced: this.#synced, stop };
    return this.#append(checkpointBody(this.#chain.point, state, signingKey), true).result.promise;
  }

  #startBatch(): Collecting {
    if (!this.#writing) {
      this.#writing = true;
      setImmediate(() => void this.#write());
    }
    const result = Promise.withResolvers<void>();
    return { lines: [], before: this.#chain.point, sinceCheckpoint: this.#sinceCheckpoint, result, entries: 0, sync: false };
  }

  /** Writes batch after batch until none collects. */
  async #write(): Promise<void> {
    for (;;) {
      const batch = this.#collecting;
      this.#collecting = undefined;
      if (!batch) break;
      const hung = this.#required.find((lane) => lane.hung);
      if (hung) this.#turnAway(batch, hung.name);
      else await this.#send(batch);
    }
    this.#writing = false;
  }

  async #send(collected: Collecting): Promise<void> {
    const { lines, sync, before, result, entries } = collected;
    const text = `${lines.join('\n')}\n`;
    const batch: Batch = { lines: Buffer.from(text), sync, before, after: this.#chain.point };
    const chars = text.length - lines.length;
    try {
      await this.#taken(batch);
      this.#recorded += entries;
      result.resolve();
    } catch (error) {
      this.#refused += entries;
      result.reject(error);
    } finally {
      this.#pendingChars -= chars;
    }
  }

  /** Every required sink must take a batch; where none is required, any. Comes back only when each required sink has answered or is hung. */
  async #taken(batch: Batch): Promise<void> {
    const appends = this.#lanes.map((lane) => ({ lane, done: lane.append(batch) }));
    for (const { done } of appends) done.catch(() => undefined);
    if (batch.sync) this.#noteSynced(batch, Promise.all(appends.map(({ done }) => done)));
    if (this.#required.length === 0) {
      await Promise.any(appends.map(({ done }) => done)).catch(() => {
        throw new StrongroomError('audit-failed', 'no audit sink took the entry');
      });
      return;
    }
    const outcomes = await Promise.allSettled(appends.filter(({ lane }) => lane.required).map(({ done }) => done));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** A sink that failed or is behind leaves it as it was: less is known to be on disk than is. */
  #noteSynced({ after }: Batch, all: Promise<unknown>): void {
    all.then(
      () => (this.#synced = Math.max(this.#synced, after.seq)),
      () => undefined,
    );
  }

  /** A batch that no sink was given leaves no gap. */
  #turnAway({ lines, before, sinceCheckpoint, result, entries }: Collecting, sink: string): void {
    this.#chain.rewind(before);
    this.#sinceCheckpoint = sinceCheckpoint;
    this.#pendingChars -= lines.reduce((sum, line) => sum + line.length, 0);
    this.#refused += entries;
    result.reject(new StrongroomError('audit-failed', `the audit sink ${sink} does not answer`));
  }

  #refuse(why: string): Promise<void> {
    this.#refused++;
    return Promise.reject(new StrongroomError('audit-failed', why));
  }
}

/**
 * Opens the log: asks every sink for its last line, goes on from the furthest one, and records the start. A sink that is behind gets a recovery marker.
 * @throws StrongroomError `audit-failed` when the start cannot be recorded, and what `checkHead` throws; the sinks are closed then
 */
export async function openAuditBroker(options: AuditBrokerOptions): Promise<AuditBroker> {
  if (options.sinks.length === 0) throw new StrongroomError('audit-failed', 'no audit sink is configured');
  const ends = await Promise.all(options.sinks.map(async (sink) => ({ sink, line: await sink.sink.lastLine(isChained) })));
  const chained = ends.flatMap(({ sink, line }) => {
    const read = line === undefined ? undefined : readChained(line);
    return line === undefined || !read ? [] : [{ sink, read, point: pointAfter(read, line) }];
  });
  const last = chained.reduce<(typeof chained)[number] | undefined>(
    (best, end) => (best && best.point.seq >= end.point.seq ? best : end),
    undefined,
  );
  const point = last?.point ?? { seq: 0, hash: chainStart };
  const behind = new Map(chained.filter((end) => end.point.seq < point.seq).map((end) => [end.sink, end.point]));
  const head = last?.read.members['head'];
  try {
    if (typeof head === 'number') options.checkHead?.(head);
  } catch (error) {
    // Not by the broker: closing it would record a head, and the next run would find nothing wrong.
    await Promise.allSettled(options.sinks.map(({ sink }) => sink.close()));
    throw error;
  }
  const tails = await Promise.all(options.sinks.map(async ({ name, sink }) => ({ name, ...(await readTail(sink, options.signingKey)) })));
  const lost = new Map(tails.flatMap(({ name, gaps }) => (gaps.length === 0 ? [] : [[name, gaps] as const])));
  for (const [sink, gaps] of lost) options.onLost?.(sink, gaps);
  const synced = Math.min(point.seq, Math.max(...tails.map((tail) => tail.synced)));
  const broker = new AuditBroker(options, { last: point, missingAfter: behind, synced });
  const foreign = last ? [] : await Promise.all(options.sinks.map(({ sink }) => sink.lastLine()));
  const unreadable = foreign.some((line) => line !== undefined);
  try {
    await broker.start(last ? howItEnded(last.read) : unreadable ? 'unreadable' : 'none', lost);
    return broker;
  } catch (error) {
    await broker.close().catch(() => undefined);
    throw error;
  }
}

/** A sink may hold parts of lines behind its last whole one: batches that failed, then a crash. */
function isChained(line: string): boolean {
  return readChained(line) !== undefined;
}

/** After a recovery marker the chain goes on with the line that the marker stands for. */
function pointAfter({ type, seq, prev }: ChainedLine, line: string): ChainPoint {
  return type === 'recovered' ? { seq, hash: prev } : { seq, hash: lineHash(line) };
}

function howItEnded({ type, members }: ChainedLine): 'clean' | 'crashed' {
  return type === 'checkpoint' && members['stop'] === true ? 'clean' : 'crashed';
}
