/**
 * Takes entries from all requests, gives them their place in the chain, and hands them to every sink: one write per turn of the event loop,
 * and while a write is under way the next batch collects. A sync holds up only the entries that asked for it.
 *
 *     record ─▶ chain ─▶ batch ─┬▶ lane of a required sink ─┬▶ all taken: resolved, or synced first; one failed: rejected
 *                               └▶ lane of another sink      (failures are counted and logged)
 */
import type { KeyObject } from 'node:crypto';
import { StrongroomError } from '../errors.ts';
import { AuditChain, chainStart, lineHash, readChained, type ChainedLine, type ChainPoint } from './chain.ts';
import { checkpointBody, lostBody, recoveryLine, startBody, type Gap, type StartLine } from './checkpoint.ts';
import { LineBuffer } from './line-buffer.ts';
import { readTail } from './lost.ts';
import { SinkLane, type Batch, type LaneOptions, type LaneStats, type NamedSink } from './sink-lane.ts';

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
  readonly lines: LineBuffer;
  readonly before: ChainPoint;
  readonly sinceCheckpoint: number;
  readonly taken: PromiseWithResolvers<void>;
  /** Made when an entry asks for it. */
  synced: PromiseWithResolvers<void> | undefined;
  entries: number;
}

/** The one writer of the audit log. Made by `openAuditBroker`. */
export class AuditBroker {
  readonly #options: AuditBrokerOptions;
  #lanes: readonly SinkLane[];
  readonly #required: readonly SinkLane[];
  readonly #laneOptions: LaneOptions;
  readonly #chain: AuditChain;
  readonly #checkpointEvery: number;
  readonly #queueBytesMax: number;
  #collecting: Collecting | undefined;
  /** A buffer that nobody uses. */
  #spare: LineBuffer | undefined;
  #pendingBytes = 0;
  #sinceCheckpoint = 0;
  /** Up to this line every sink has the log on disk. */
  #synced: number;
  /** Settles when the last checkpoint's sync is noted. */
  #noted: Promise<void> = Promise.resolve();
  #writing = false;
  #closed = false;
  #recorded = 0;
  #refused = 0;

  constructor(options: AuditBrokerOptions, { last, missingAfter, synced }: Beginning) {
    this.#options = options;
    this.#synced = synced;
    this.#checkpointEvery = options.checkpointEvery ?? 10_000;
    this.#queueBytesMax = options.queueBytesMax ?? 67_108_864;
    this.#chain = new AuditChain(last);
    this.#laneOptions = {
      deadlineMs: options.deadlineMs ?? 5000,
      queueBytesMax: this.#queueBytesMax,
      recovery: (from: ChainPoint, to: ChainPoint) => recoveryLine(from, to, options.now(), options.head(), options.signingKey),
      onFailure: options.onFailure ?? (() => undefined),
    };
    this.#lanes = options.sinks.map((sink) => new SinkLane(sink, this.#laneOptions, missingAfter.get(sink)));
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
    if (this.#pendingBytes + body.length > this.#queueBytesMax) return this.#refuse('too many audit entries wait to be written');
    return this.#append(body, sync, this.#options.head());
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

  /**
   * Hands entries to another sink from now on; none of them waits for it. What it has of this chain is gone on from, with a marker.
   * @throws StrongroomError `invalid` for one that holds something else, or whose name is taken; it is closed then
   */
  async add(sink: Omit<NamedSink, 'required'>): Promise<void> {
    try {
      const point = await this.#pointOf(sink);
      if (this.#lanes.some(({ name }) => name === sink.name)) throw new StrongroomError('invalid', 'path already in use');
      this.#lanes = [...this.#lanes, new SinkLane({ ...sink, required: false }, this.#laneOptions, point)];
    } catch (error) {
      await sink.sink.close().catch(() => undefined);
      throw error;
    }
  }

  /** Its last line, if it has one of this chain. */
  async #pointOf({ name, sink }: Omit<NamedSink, 'required'>): Promise<ChainPoint | undefined> {
    const line = await sink.lastLine(isChained);
    const read = line === undefined ? undefined : readChained(line);
    const point = line === undefined || read === undefined ? undefined : pointAfter(read, line);
    const foreign = point === undefined ? (await sink.lastLine()) !== undefined : point.seq > this.#chain.point.seq;
    if (foreign) throw new StrongroomError('invalid', `the audit sink ${name} holds something else than lines of this audit`);
    return point;
  }

  /** Takes a sink that was added away, and closes it once it has what it was given. */
  async remove(name: string): Promise<void> {
    const lane = this.#lanes.find((one) => one.name === name && !one.required);
    if (lane === undefined) return;
    this.#lanes = this.#lanes.filter((one) => one !== lane);
    await lane.close();
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
    const started = this.#append(startBody({ time: now(), version, head: head(), previous }), true);
    for (const [sink, gaps] of lost)
      this.#append(lostBody(this.#chain.point, { time: now(), head: head(), sink, gaps }, signingKey), false).catch(() => undefined);
    this.#checkpoint(false).catch(() => undefined);
    await started;
  }

  /** Takes no more entries, writes what waits and a last checkpoint, closes the sinks. Rejects when the checkpoint was not taken. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const [outcome] = await Promise.allSettled([this.#stop()]);
    await Promise.all(this.#lanes.map((lane) => lane.close()));
    if (outcome.status === 'rejected') throw outcome.reason;
  }

  #append(body: string, sync: boolean, head?: number): Promise<void> {
    this.#collecting ??= this.#startBatch();
    const batch = this.#collecting;
    const before = batch.lines.length;
    batch.lines.append(this.#chain, body, head);
    batch.entries++;
    this.#pendingBytes += batch.lines.length - before;
    if (++this.#sinceCheckpoint >= this.#checkpointEvery) this.#checkpoint(false).catch(() => undefined);
    if (!sync) return batch.taken.promise;
    batch.synced ??= Promise.withResolvers<void>();
    return batch.synced.promise;
  }

  /** The last checkpoint comes when all before it is on disk, so that nothing before it can be taken for a power cut's doing. */
  async #stop(): Promise<void> {
    if (this.#synced < this.#chain.point.seq) {
      await this.#checkpoint(false);
      await this.#noted;
    }
    await this.#checkpoint(true);
  }

  /** Synced, so that a power cut can't take more than two checkpoints' distance, and the next start need not look further back. */
  #checkpoint(stop: boolean): Promise<void> {
    const { now, head, signingKey } = this.#options;
    // First, because the append below counts as an entry.
    this.#sinceCheckpoint = -1;
    const state = { time: now(), head: head(), synced: this.#synced, stop };
    const safe = this.#append(checkpointBody(this.#chain.point, state, signingKey), true);
    this.#noted = this.#noteSynced(this.#chain.point.seq, safe);
    return safe;
  }

  #startBatch(): Collecting {
    if (!this.#writing) {
      this.#writing = true;
      setImmediate(() => this.#write());
    }
    const taken = Promise.withResolvers<void>();
    const lines = this.#spare ?? new LineBuffer();
    this.#spare = undefined;
    return { lines, before: this.#chain.point, sinceCheckpoint: this.#sinceCheckpoint, taken, synced: undefined, entries: 0 };
  }

  /** Writes batch after batch until none collects, or one has to be waited for. */
  #write(): void {
    for (let batch = this.#collecting; batch !== undefined; batch = this.#collecting) {
      this.#collecting = undefined;
      const hung = this.#required.find((lane) => lane.hung);
      const waiting = hung === undefined ? this.#send(batch) : this.#turnAway(batch, hung.name);
      if (waiting !== undefined) return void waiting.then(() => this.#write());
    }
    this.#writing = false;
  }

  /** Returns nothing when every lane took the batch at once. */
  #send(collected: Collecting): Promise<void> | undefined {
    const batch: Batch = { lines: collected.lines.lines(), before: collected.before, after: this.#chain.point };
    const appends = this.#lanes.map((lane) => ({ lane, done: lane.append(batch) }));
    if (appends.every(({ done }) => done === undefined)) {
      this.#settle(collected, this.#required.length === 0 ? this.#lanes : this.#required);
      // Every sink is done with the lines.
      collected.lines.clear();
      this.#spare ??= collected.lines;
      return undefined;
    }
    return this.#taken(appends).then(
      (lanes) => this.#settle(collected, lanes),
      (error: unknown) => this.#reject(collected, error),
    );
  }

  /**
   * Every required sink must take a batch; where none is required, any. Comes back only when each required sink has answered or is hung,
   * with the lanes that have to be synced.
   */
  async #taken(appends: readonly { readonly lane: SinkLane; readonly done: Promise<void> | void }[]): Promise<readonly SinkLane[]> {
    for (const { done } of appends) done?.catch(() => undefined);
    if (this.#required.length === 0) {
      const first = Promise.any(appends.map(async ({ lane, done }) => (await done, lane)));
      return [
        await first.catch(() => {
          throw new StrongroomError('audit-failed', 'no audit sink took the entry');
        }),
      ];
    }
    const outcomes = await Promise.allSettled(appends.filter(({ lane }) => lane.required).map(async ({ done }) => done));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    return this.#required;
  }

  #settle({ lines, taken, synced, entries }: Collecting, lanes: readonly SinkLane[]): void {
    this.#pendingBytes -= lines.length;
    this.#recorded += entries;
    taken.resolve();
    if (synced === undefined) return;
    const [lane] = lanes;
    const safe = lanes.length === 1 && lane !== undefined ? lane.sync() : Promise.all(lanes.map((each) => each.sync()));
    safe.then(() => synced.resolve(), synced.reject);
  }

  #reject({ lines, taken, synced, entries }: Collecting, error: unknown): void {
    this.#pendingBytes -= lines.length;
    this.#refused += entries;
    taken.promise.catch(() => undefined);
    taken.reject(error);
    synced?.reject(error);
  }

  /** Syncs the sinks that entries do not wait for, too. One that fails leaves it as it was: less is known to be on disk than is. */
  async #noteSynced(seq: number, safe: Promise<void>): Promise<void> {
    try {
      await safe;
      await Promise.all(this.#lanes.filter((lane) => !lane.required).map((lane) => lane.sync()));
      this.#synced = Math.max(this.#synced, seq);
    } catch {
      // The sink's failure is counted and reported where it happens.
    }
  }

  /** A batch that no sink was given leaves no gap. */
  #turnAway(batch: Collecting, sink: string): undefined {
    this.#chain.rewind(batch.before);
    this.#sinceCheckpoint = batch.sinceCheckpoint;
    this.#reject(batch, new StrongroomError('audit-failed', `the audit sink ${sink} does not answer`));
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
