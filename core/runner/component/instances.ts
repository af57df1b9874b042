/**
 * The instances of one plugin in a worker: one per mount, made at its first call. An instance that traps or breaks the contract is dropped with
 * every call that waits in it; the mount's next call gets a new one, and other mounts notice nothing.
 */
import { type FromWorker, type Turn, withNames } from '@strongroom/sdk-plugin/serving';
import type { Incoming } from '../turn-batch.ts';
import { Instance, type Link } from './instance.ts';
import type { Prepared } from './transpile-task.ts';
import { checkTurn } from './turn-check.ts';

/** Instances that a worker keeps, of some 700 KiB each; the one that was idle for longest makes room. */
const instancesMax = 1024;
/** Internal failures in a row after which an instance is dropped with what waits in it. */
const failuresMax = 16;
/** Part of an instance's memory that one message may take. */
const messagePart = 8;

type Failure = Extract<FromWorker, { kind: 'failure' }>;

interface Living {
  readonly mountId: string;
  readonly instance: Instance;
  /** Calls that wait in it. */
  readonly calls: Set<number>;
  /** Internal failures in a row. */
  failures: number;
}

/** All instances of a worker. */
export class Instances {
  readonly #link: Link;
  readonly #prepared: Prepared;
  readonly #rows: boolean;
  readonly #send: (message: FromWorker) => void;
  readonly #random: ((size: number) => Uint8Array) | undefined;
  /** By mount, the one that was used last at the end. */
  readonly #living = new Map<string, Living>();
  readonly #waiting = new Map<number, Living>();

  /** @param rows the component reads rows @param random default: the system's */
  constructor(link: Link, prepared: Prepared, rows: boolean, send: (message: FromWorker) => void, random?: (size: number) => Uint8Array) {
    this.#link = link;
    this.#prepared = prepared;
    this.#rows = rows;
    this.#send = send;
    this.#random = random;
  }

  /** Begins a call, or goes on with one. Whatever comes of it is sent. */
  receive({ kind, call, mountId, restart, turn }: Incoming): void {
    if (kind === 'answer') {
      // Unknown: its instance was dropped, or it has ended although it still had a question open.
      const living = this.#waiting.get(call);
      if (living === undefined) return;
      if (restart) this.#forget(living, call);
      this.#turn(living, call, turn, restart);
      return;
    }
    const bytesMax = (this.#prepared.memoryMiB * 1_048_576) / messagePart;
    if (bytesOf(turn) > bytesMax) {
      this.#send({ kind: 'failure', call, code: 'too-large', message: `the request: at most ${bytesMax} bytes, by the plugin's memory` });
      return;
    }
    try {
      const living = this.#of(mountId);
      living.calls.add(call);
      this.#waiting.set(call, living);
      this.#turn(living, call, this.#rows ? turn : withNames(turn), false);
    } catch (error) {
      this.#send({ kind: 'failure', call, code: 'internal', message: '', report: `no instance: ${reportOf(error)}`, costly: true });
    }
  }

  /** @param given the call was given up: its answer is not sent */
  #turn(living: Living, call: number, turn: Turn, given: boolean): void {
    try {
      if (bytesOf(turn) > (this.#prepared.memoryMiB * 1_048_576) / messagePart)
        throw new RangeError('an answer larger than a part of its memory');
      const checked = checkTurn(call, living.instance.handle(turn));
      if (given) return;
      if (checked.kind === 'questions') {
        for (const question of checked.questions) this.#send(question);
        return;
      }
      this.#forget(living, call);
      if (checked.message.kind === 'failure' && checked.message.code === 'internal') this.#doubt(living, checked.message);
      else {
        living.failures = 0;
        this.#send(checked.message);
      }
    } catch (error) {
      this.#drop(living, reportOf(error));
    }
  }

  #of(mountId: string): Living {
    let living = this.#living.get(mountId);
    this.#living.delete(mountId);
    if (living === undefined) {
      if (this.#living.size >= instancesMax) this.#makeRoom();
      const log = (level: Extract<FromWorker, { kind: 'log' }>['level'], message: string): void =>
        this.#send({ kind: 'log', level, message, mountId });
      living = { mountId, instance: new Instance(this.#link, this.#prepared, log, this.#random), calls: new Set(), failures: 0 };
    }
    this.#living.set(mountId, living);
    return living;
  }

  #makeRoom(): void {
    for (const { mountId, calls } of this.#living.values()) {
      if (calls.size > 0) continue;
      this.#living.delete(mountId);
      return;
    }
    throw new Error(`more than ${instancesMax} mounts have calls waiting`);
  }

  #forget(living: Living, call: number): void {
    living.calls.delete(call);
    this.#waiting.delete(call);
  }

  /**
   * What a plugin has not foreseen may have left its memory full: nothing but a new instance would help, which costs other mounts of the worker
   * more than they would wait otherwise. So one that has not taken much goes on until it fails again and again.
   */
  #doubt(living: Living, failure: Failure): void {
    living.failures += 1;
    const large = living.instance.memoryBytes > (this.#prepared.memoryMiB * 1_048_576) / 2;
    const lost = (large && living.calls.size === 0) || living.failures >= failuresMax;
    this.#send(lost ? { ...failure, costly: true } : failure);
    if (lost) this.#drop(living, `${living.failures} internal failures in a row`, true);
  }

  /** Forgets an instance and fails every call that waits in it. @param told the host knows that it is lost */
  #drop(living: Living, report: string, told = false): void {
    this.#living.delete(living.mountId);
    let costly = !told;
    for (const call of living.calls) {
      this.#forget(living, call);
      this.#send({ kind: 'failure', call, code: 'internal', message: '', report: `the instance is dropped: ${report}`, costly });
      costly = false;
    }
  }
}

function bytesOf({ head, body, blobs }: Turn): number {
  // A UTF-16 unit is at most three bytes; for a bound that is near enough.
  return head.length + body.length + blobs.reduce((sum, { length }) => sum + length, 0);
}

function reportOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 512) : 'something else than an Error was thrown';
}
