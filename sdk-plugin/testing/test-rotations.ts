/** What a test mount rotates: the steps that a server runs, by the mount's clock. */
import type { RotationOutline } from '../serving/outline.ts';
import type { RotationChange } from '../serving/messages.ts';
import type { MountCalls } from './mount-calls.ts';

/** A rotated credential. Moments in milliseconds since 1970. */
export interface TestRotation {
  readonly name: string;
  /** As the plugin calls it. */
  readonly kind: string;
  /** What is kept of the credential in force. */
  readonly data: unknown;
  /** How far the next one has come; `stopped`: what is left is to be retired. */
  readonly step: 'idle' | 'created' | 'set' | 'tested' | 'stopped';
  readonly nextAt: number;
  /** What is kept of credentials that are still to be retired. */
  readonly retiring: readonly unknown[];
  /** Why the step could not be done yet. */
  readonly failure?: string;
}

interface Kept {
  readonly name: string;
  readonly kind: string;
  readonly data: string;
  readonly next?: string | undefined;
  readonly step: TestRotation['step'];
  readonly nextAt: number;
  /** Seconds. */
  readonly every: number;
  readonly grace: number;
  readonly retiring: readonly { readonly data: string; readonly at: number }[];
  readonly attempts: number;
  readonly retryAt: number;
  readonly failure?: string | undefined;
}

const retryMs = { first: 1000, max: 3_600_000 } as const;

/** Keeps and runs them. */
export class TestRotations {
  readonly #calls: MountCalls;
  /** Kinds of the plugin that is mounted. */
  outlines: Readonly<Record<string, RotationOutline>> = {};
  readonly #kept = new Map<string, Kept>();

  constructor(calls: MountCalls) {
    this.#calls = calls;
    calls.rotated = (changes) => {
      for (const change of changes) this.#apply(change);
    };
  }

  /** All that are kept. */
  get all(): readonly TestRotation[] {
    return [...this.#kept.values()].map(({ name, kind, data, step, nextAt, retiring, failure }) => ({
      name,
      kind,
      data: JSON.parse(data) as unknown,
      step,
      nextAt,
      retiring: retiring.map((old) => JSON.parse(old.data) as unknown),
      ...(failure === undefined ? {} : { failure }),
    }));
  }

  #apply(change: RotationChange): void {
    const { name } = change;
    const before = this.#kept.get(name);
    const { now } = this.#calls;
    if (change.change === 'keep') {
      const { kind, data, every, grace } = change;
      const nextAt = now + every * 1000;
      if (before !== undefined && before.step !== 'idle' && before.step !== 'stopped') this.#kept.set(name, { ...before, every, grace });
      else {
        const plan = { nextAt: Math.min(nextAt, before?.step === 'idle' ? before.nextAt : nextAt), retiring: before?.retiring ?? [] };
        this.#kept.set(name, { name, kind, data, every, grace, step: 'idle', attempts: 0, retryAt: 0, ...plan });
      }
    } else if (before !== undefined && before.step !== 'stopped') {
      const { next, ...rest } = before;
      if (change.change === 'start') this.#kept.set(name, { ...before, nextAt: Math.min(before.nextAt, now) });
      else
        this.#put({
          ...rest,
          step: 'stopped',
          attempts: 0,
          retiring: [...before.retiring, ...(next === undefined ? [] : [{ data: next, at: now }])],
        });
    }
  }

  /** The one for which something has to be done first, and when. */
  next(): { readonly name: string; readonly dueAt: number } | undefined {
    return [...this.#kept.values()].map((one) => ({ name: one.name, dueAt: dueOf(one) })).toSorted((a, b) => a.dueAt - b.dueAt)[0];
  }

  /** Does what is due of one. @throws what the plugin throws: it is tried again when time passes */
  async advance(name: string): Promise<void> {
    try {
      for (;;) {
        const one = this.#kept.get(name);
        if (one === undefined || !(await this.#step(one))) return;
      }
    } catch (error) {
      const one = this.#kept.get(name);
      if (one !== undefined) {
        const attempts = one.attempts + 1;
        const retryAt = this.#calls.now + Math.min(retryMs.max, retryMs.first * 2 ** Math.min(attempts - 1, 20));
        this.#kept.set(name, { ...one, attempts, retryAt, failure: error instanceof Error ? error.message : String(error) });
      }
      throw error;
    }
  }

  async #step(one: Kept): Promise<boolean> {
    const { now } = this.#calls;
    const { kind, step, next = 'null' } = one;
    const due = step === 'idle' && one.nextAt <= now;
    const old = one.retiring.find(({ at }) => at <= now) ?? (due ? one.retiring[0] : undefined);
    if (old !== undefined) {
      await this.#calls.outside({ what: `retire ${kind}`, phase: 'rotation-retire', name: kind, carried: old.data });
      this.#put({ ...one, ...settled, retiring: one.retiring.filter((each) => each !== old) });
      return true;
    }
    if (due) {
      const { reply } = await this.#calls.transact({ what: `create ${kind}`, phase: 'rotation-create', name: kind, carried: one.data });
      this.#put({ ...this.#latest(one), ...settled, step: 'created', next: reply.carried ?? 'null' });
      return true;
    }
    if (step === 'created' || step === 'set') {
      const phase = step === 'created' ? 'rotation-set' : 'rotation-test';
      await this.#calls.outside({ what: `${step === 'created' ? 'set' : 'test'} ${kind}`, phase, name: kind, carried: next });
      this.#put({ ...this.#latest(one), ...settled, step: step === 'created' ? 'set' : 'tested' });
      return true;
    }
    if (step !== 'tested') return false;
    const carried = `[${next},${one.data}]`;
    await this.#calls.transact({ what: `finish ${kind}`, phase: 'rotation-finish', name: kind, carried });
    const latest = this.#latest(one);
    const retires = this.outlines[kind]?.retires === true ? [{ data: one.data, at: now + latest.grace * 1000 }] : [];
    const stopped = latest.step === 'stopped';
    const left = stopped ? latest.retiring.filter(({ data }) => data !== next) : latest.retiring;
    const after = { step: stopped ? 'stopped' : 'idle', data: next, next: undefined, nextAt: now + latest.every * 1000 } as const;
    this.#put({ ...latest, ...settled, ...after, retiring: [...left, ...retires] });
    return true;
  }

  #latest(one: Kept): Kept {
    return this.#kept.get(one.name) ?? one;
  }

  #put(one: Kept): void {
    if (one.step === 'stopped' && one.retiring.length === 0) this.#kept.delete(one.name);
    else this.#kept.set(one.name, one);
  }
}

const settled = { attempts: 0, failure: undefined } as const;

function dueOf({ step, nextAt, retiring, attempts, retryAt }: Kept): number {
  if (attempts > 0) return retryAt;
  const next = step === 'idle' ? nextAt : step === 'stopped' ? Number.POSITIVE_INFINITY : 0;
  return Math.min(next, ...retiring.map(({ at }) => at));
}
