/**
 * A room: one worker thread per plugin version, shared by its mounts, started at the first call. What runs there is its program: the plugin
 * itself, which isolates faults and not secrets, or instances of a component, which isolates both. A worker that throws, exits, loops or
 * exhausts its heap costs the calls it was running, and comes back after a pause that grows while it keeps failing; so does an instance.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Logger } from 'pino';
import { StrongroomError } from '../errors.ts';
import { Conflict } from '../storage/types.ts';
import { heapCeilingMiB, HeapWatch } from './heap-watch.ts';
import type { Prepared } from './component/transpile-task.ts';
import { CallNumbers, CallTable } from './call-table.ts';
import { readMessage } from './message-check.ts';
import { backOff, MountPauses } from './mount-pauses.ts';
import { packBatch } from './turn-batch.ts';
import type { EngineOutline } from '@strongroom/sdk-plugin/serving';
import type { OutsideRequest, OutsideResponse } from '@strongroom/sdk-plugin';
import type {
  AnswerMessage,
  CallMessage,
  CryptoAnswer,
  CryptoQuestion,
  FromWorker,
  PasswordQuestion,
  PrefetchedEntry,
  Question,
  ReplyMessage,
  ToWorker,
} from '@strongroom/sdk-plugin/serving';

/** Bounds of a room. */
export interface RoomLimits {
  readonly deadlineMs: number;
  /** Until a worker has said what its plugin declares; default: as long as a call. */
  readonly loadMs?: number;
  readonly heapMiB: number;
  /** Calls that may be running or waiting at once. */
  readonly callsMax: number;
}

/** What is not configured. */
export const roomLimits: RoomLimits = { deadlineMs: 30_000, heapMiB: 256, callsMax: 10_000 };

/** What a running call may ask for. Inside a transaction: storage, whose reads throw Conflict to restart, and passwords; outside of one: HTTP. Keys: everywhere. */
export interface RoomWorld {
  /** Answers at once when the storage does. */
  get?(key: string): PrefetchedEntry | Promise<PrefetchedEntry>;
  list?(directory: string, after: string, limit: number): Promise<readonly string[]>;
  /** @throws StrongroomError whose message the plugin is told */
  fetch?(request: OutsideRequest): Promise<OutsideResponse>;
  crypto?(question: CryptoQuestion): Promise<CryptoAnswer>;
  passwords?(question: PasswordQuestion): Promise<Pick<AnswerMessage, 'hash' | 'fits'>>;
}

/** A call without its number. */
export type Call = Omit<CallMessage, 'kind' | 'call'>;

/** How an operator sees a room. */
export interface RoomStatus {
  readonly state: 'idle' | 'healthy' | 'backing-off';
  /** Why it is backing off. */
  readonly reason?: string;
  readonly restarts: number;
  readonly running: number;
}

/** What runs in a room's worker. */
export interface RoomProgram {
  /** Names the plugin in the log. */
  readonly name: string;
  /** The module of the long task that serves. */
  readonly task: URL;
  /** What the task is given, besides its port. */
  readonly data: object;
  /** It did not come with the server. */
  readonly fromOutside: boolean;
}

/** As of `nice`: where cores are few, the host and its own engines go before engines from outside. Not on Linux, it would be that of the whole process. */
const outsidePriority = process.platform === 'linux' ? 10 : undefined;

/** A plugin that is trusted like the host. @param module URL of its module */
export function threadProgram(name: string, module: string, fromOutside: boolean): RoomProgram {
  return { name, task: new URL('serve.ts', import.meta.url), data: { module }, fromOutside };
}

/** A component, run by the host's own code. */
export function componentProgram(name: string, prepared: Prepared, fromOutside: boolean): RoomProgram {
  return { name, task: new URL('serve-component.ts', import.meta.url), data: { prepared }, fromOutside };
}

interface Running {
  readonly mountId: string;
  readonly world: RoomWorld;
  readonly resolve: (reply: ReplyMessage) => void;
  readonly reject: (error: Error) => void;
  /** Of `performance.now()`. */
  readonly due: number;
}

interface Serving {
  readonly port: MessagePort;
  readonly abort: AbortController;
  readonly heap: HeapWatch;
}

/** Runs the calls of one plugin version in a worker thread. */
export class ThreadRoom {
  readonly #program: RoomProgram;
  readonly #limits: RoomLimits;
  readonly #log: Logger;
  readonly #pool: Piscina;
  readonly #running = new CallTable<Running>();
  readonly #numbers = new CallNumbers();
  readonly #pauses = new MountPauses();
  /** For the deadline of the call that runs for longest: one for each call would cost more than its message. */
  #deadline: NodeJS.Timeout | undefined;
  #outline: PromiseWithResolvers<EngineOutline> = Promise.withResolvers();
  #known = false;
  #serving: Serving | undefined;
  #outbox: ToWorker[] = [];
  #restarts = 0;
  #failures = 0;
  #retryAt = 0;
  #reason: string | undefined;
  #closing = false;

  constructor(program: RoomProgram, limits: RoomLimits, log: Logger) {
    this.#program = program;
    this.#limits = limits;
    this.#log = log;
    this.#pool = new Piscina({
      filename: program.task.href,
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: heapCeilingMiB(limits.heapMiB) },
      env: {},
      // A plugin's argv and environment hold nothing of the host's.
      argv: [],
    });
    this.#pool.on('error', () => {});
    this.#expectOutline();
  }

  #expectOutline(): void {
    this.#outline = Promise.withResolvers();
    this.#outline.promise.catch(() => {});
  }

  /** What an operator wants to know. */
  status(): RoomStatus {
    const counts = { restarts: this.#restarts, running: this.#running.size };
    const paused = this.#pauses.count(performance.now());
    if (this.#serving === undefined)
      return this.#reason === undefined ? { state: 'idle', ...counts } : { state: 'backing-off', reason: this.#reason, ...counts };
    return paused === 0
      ? { state: 'healthy', ...counts }
      : { state: 'backing-off', reason: `mounts that wait after faults that were costly for others: ${paused}`, ...counts };
  }

  /** What the engine declares. @throws StrongroomError when the worker can't load the module, or not in time */
  async outline(): Promise<EngineOutline> {
    this.#serving ??= this.#start();
    const serving = this.#serving;
    const deadline = setTimeout(() => this.#stop(serving, 'loading it took too long'), this.#limits.loadMs ?? this.#limits.deadlineMs);
    return this.#outline.promise.finally(() => clearTimeout(deadline));
  }

  /**
   * Runs a handler.
   * @throws Conflict when a read restarts the transaction; StrongroomError with the plugin's own code, `internal` for a fault of the
   * plugin, `timeout` past the deadline, `unavailable` while the room is backing off or full
   */
  call(call: Call, world: RoomWorld): Promise<ReplyMessage> {
    return new Promise((resolve, reject) => {
      if (this.#running.size >= this.#limits.callsMax) throw new StrongroomError('unavailable', 'the engine has too many calls waiting');
      const now = performance.now();
      if (this.#pauses.isPaused(call.mountId, now))
        throw new StrongroomError('unavailable', 'the engine is restarting after a fault (one of this mount that was costly for others)');
      this.#serving ??= this.#start();
      const number = this.#numbers.take();
      this.#running.add(number, { mountId: call.mountId, world, resolve, reject, due: now + this.#limits.deadlineMs });
      if (this.#deadline === undefined) this.#watch(this.#limits.deadlineMs);
      this.#send({ kind: 'call', call: number, ...call });
    });
  }

  /** Stops the worker; running calls fail. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#deadline);
    this.#stop(this.#serving, 'the engine is stopping');
    await this.#pool.destroy();
  }

  #start(): Serving {
    const now = performance.now();
    if (now < this.#retryAt) {
      throw new StrongroomError('unavailable', `the engine is restarting after a fault (${this.#reason ?? 'unknown'})`);
    }
    const { port1, port2 } = new MessageChannel();
    const abort = new AbortController();
    const heap = new HeapWatch(
      this.#limits.heapMiB,
      () => (this.#running.size > 0 ? this.#pool.threads[0] : undefined),
      (reason) => this.#stop(serving, reason),
    );
    const serving: Serving = { port: port1, abort, heap };
    const { data, fromOutside } = this.#program;
    port1.on('message', (batch: unknown) => this.#take(serving, batch));
    // Not even an unclonable message may take the host down.
    port1.on('messageerror', () => this.#stop(serving, 'the worker sent something unreadable'));
    port1.unref();
    this.#pool
      // Piscina's type of the list doesn't follow the overloads of this Node's postMessage.
      .run(
        { port: port2, priority: fromOutside ? outsidePriority : undefined, ...data },
        { transferList: [port2] as never, signal: abort.signal },
      )
      .then(
        () => 'the worker ended',
        (error: unknown) => (error instanceof Error ? error.message : 'the worker died'),
      )
      .then((reason) => this.#stop(serving, reason))
      .catch((error: unknown) => this.#log.error({ err: error }, 'stopping a worker failed'));
    return serving;
  }

  /** Forgets a worker that is gone or must go; every call it was running fails. */
  #stop(serving: Serving | undefined, reason: string): void {
    if (serving === undefined || this.#serving !== serving) return;
    this.#serving = undefined;
    this.#outbox = [];
    serving.heap.stop();
    serving.port.close();
    serving.abort.abort();
    this.#restarts++;
    this.#failures++;
    this.#reason = reason;
    this.#retryAt = performance.now() + backOff(this.#failures);
    this.#outline.reject(new StrongroomError('unavailable', `the engine could not be loaded: ${reason}`));
    // What is known stays known; what is not can be asked again.
    if (!this.#known) this.#expectOutline();
    if (!this.#closing) this.#log.error({ plugin: this.#program.name, reason, failures: this.#failures }, 'an engine worker ended');
    for (const [number, running] of this.#running.entries()) {
      this.#forget(number);
      running.reject(new StrongroomError('internal', 'the engine failed during this request'));
    }
  }

  #watch(ms: number): void {
    // The worker keeps the process alive.
    this.#deadline = setTimeout(() => this.#lookAtOldest(), ms).unref();
  }

  #lookAtOldest(): void {
    this.#deadline = undefined;
    const [oldest] = this.#running.entries().toSorted(([, a], [, b]) => a.due - b.due);
    if (oldest === undefined) return;
    const [number, running] = oldest;
    const left = running.due - performance.now();
    if (left <= 0) this.#missed(number, running);
    else this.#watch(left);
  }

  #forget(number: number): void {
    if (this.#running.delete(number)) this.#numbers.giveBack(number);
  }

  #missed(number: number, running: Running): void {
    this.#forget(number);
    running.reject(new StrongroomError('timeout', `the engine did not answer within ${this.#limits.deadlineMs} ms`));
    this.#stop(this.#serving, 'a call missed its deadline');
  }

  #send(message: ToWorker): void {
    if (this.#outbox.push(message) > 1) return;
    setImmediate(() => {
      const batch = this.#outbox;
      this.#outbox = [];
      if (batch.length === 0 || this.#serving === undefined) return;
      const packed = packBatch(batch);
      this.#serving.port.postMessage(packed, [packed[1].buffer]);
    });
  }

  #take(serving: Serving, batch: unknown): void {
    for (const value of Array.isArray(batch) ? (batch as readonly unknown[]) : [undefined]) {
      // What a worker that was stopped had still sent is nobody's any more.
      if (this.#serving !== serving) return;
      const message = readMessage(value);
      if (message === undefined) this.#stop(serving, 'the worker sent something that is no message');
      else this.#receive(message);
    }
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') {
      this.#known = true;
      this.#outline.resolve(message.outline);
      return;
    }
    if (message.kind === 'log') {
      this.#log[message.level]({ mount: message.mountId }, message.message);
      return;
    }
    const running = this.#running.get(message.call);
    if (running === undefined) return;
    if (message.kind === 'question') {
      void this.#answer(running, message.call, message.question, message.ask);
      return;
    }
    this.#forget(message.call);
    if (message.kind === 'reply') {
      this.#failures = 0;
      this.#pauses.answered(running.mountId);
      running.resolve(message);
      return;
    }
    if (message.costly === true) this.#pauses.failed(running.mountId, performance.now());
    else if (message.code !== 'internal') this.#pauses.answered(running.mountId);
    if (message.report !== undefined) this.#log.error({ plugin: this.#program.name, report: message.report }, 'an engine handler threw');
    running.reject(new StrongroomError(message.code, message.message === '' ? [] : message.message));
  }

  async #answer(running: Running, call: number, question: number, ask: Question): Promise<void> {
    try {
      this.#send({ kind: 'answer', call, question, ...(await answerTo(running.world, ask)) });
    } catch (error) {
      this.#forget(call);
      this.#send({ kind: 'answer', call, question, restart: true });
      running.reject(
        error instanceof Conflict || error instanceof StrongroomError ? error : new StrongroomError('internal', 'storage failed'),
      );
    }
  }
}

/** The answer to a question. @throws what ends the call */
async function answerTo(world: RoomWorld, ask: Question): Promise<Omit<AnswerMessage, 'kind' | 'call' | 'question'>> {
  if (ask.kind === 'fetch') {
    if (world.fetch === undefined) return { refused: 'only execute, revoke and renew may reach outside' };
    try {
      return { response: await world.fetch(ask.request) };
    } catch (error) {
      return { refused: error instanceof StrongroomError ? error.message : 'the request failed' };
    }
  }
  if (ask.kind === 'crypto') {
    if (world.crypto === undefined) throw new StrongroomError('internal', 'the engine asked for keys where it has none');
    return world.crypto(ask);
  }
  if (ask.kind === 'hash-password' || ask.kind === 'verify-password') {
    if (world.passwords === undefined) throw new StrongroomError('internal', 'the engine asked for a password where it may not');
    return world.passwords(ask);
  }
  if (world.get === undefined || world.list === undefined)
    throw new StrongroomError('internal', 'the engine asked for storage where it has none');
  if (ask.kind === 'get') return { entry: await world.get(ask.key) };
  return { names: await world.list(ask.directory, ask.after, ask.limit) };
}
