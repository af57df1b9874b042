/**
 * The states of a rotated credential, without where they are kept or who runs the steps: a server stores them, a test mount remembers them.
 *
 *     idle ─ create ─▶ created ─ set ─▶ set ─ test ─▶ tested ─ finish ─▶ idle, the old one to be retired after its grace
 */
import type { RotationChange } from '../serving/messages.ts';

/** A credential that was replaced or given up. */
export interface Retiring {
  /** JSON text. */
  readonly data: string;
  /** Ms since 1970: not before. */
  readonly at: number;
}

/** A rotated credential. Moments in milliseconds since 1970. */
export interface RotationState {
  /** As its engine calls it. */
  readonly kind: string;
  /** JSON text of what is kept of the credential in force, and of the next one. */
  readonly data: string;
  readonly next?: string;
  /** `stopped`: nothing is left to do but to retire. */
  readonly step: 'idle' | 'created' | 'set' | 'tested' | 'stopped';
  readonly retiring: readonly Retiring[];
  /** Seconds. */
  readonly every: number;
  readonly grace: number;
  /** When the next rotation begins. */
  readonly nextAt: number;
  /** Failed tries of the step, and when it is tried again. */
  readonly attempts: number;
  readonly retryAt: number;
}

/** What is to be done: a step of the engine's kind. */
export type RotationStep =
  | { readonly run: 'retire'; readonly old: Retiring }
  | { readonly run: 'create' }
  | { readonly run: 'set' | 'test'; readonly next: string }
  | { readonly run: 'finish'; readonly next: string };

const nameMax = 512;
const dataMax = 65_536;
const secondsMax = 100 * 365 * 86_400;

/** Why a change can't be kept; undefined: it can. Nothing is taken for granted: a plugin's message may hold anything. */
export function rotationFault(change: RotationChange): string | undefined {
  const { name } = change;
  if (typeof name !== 'string' || name === '' || name.length > nameMax || !name.isWellFormed())
    return `field name: 1 to ${nameMax} characters`;
  if (change.change !== 'keep') return undefined;
  const { kind, data, every, grace } = change;
  if (!isSeconds(every, 1)) return `field every: seconds from 1 to ${secondsMax}`;
  if (!isSeconds(grace, 0)) return `field grace: seconds from 0 to ${secondsMax}`;
  if (typeof kind !== 'string' || typeof data !== 'string' || data.length > dataMax) return `field data: at most ${dataMax} characters`;
  return undefined;
}

function isSeconds(value: unknown, least: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= secondsMax;
}

/** After a change that has no fault; undefined: there is nothing to change. */
export function changedRotation(before: RotationState | undefined, change: RotationChange, now: number): RotationState | undefined {
  if (change.change === 'keep') return kept(before, change, now);
  if (before === undefined || before.step === 'stopped') return undefined;
  if (change.change === 'start') return { ...before, nextAt: Math.min(before.nextAt, now) };
  const { next, ...rest } = before;
  const givenUp = next === undefined ? [] : [{ data: next, at: now }];
  return { ...rest, step: 'stopped', retiring: [...before.retiring, ...givenUp], attempts: 0 };
}

function kept(
  before: RotationState | undefined,
  { kind, data, every, grace }: Extract<RotationChange, { change: 'keep' }>,
  now: number,
): RotationState {
  const nextAt = now + every * 1000;
  const fresh = { kind, data, step: 'idle', retiring: before?.retiring ?? [], every, grace, nextAt, attempts: 0, retryAt: 0 } as const;
  if (before === undefined || before.step === 'stopped') return fresh;
  // What is under way ends with the data that it began with.
  if (before.step !== 'idle') return { ...before, every, grace };
  return { ...fresh, nextAt: Math.min(before.nextAt, nextAt) };
}

/** When something has to be done next. */
export function rotationDueAt({ step, nextAt, retiring, attempts, retryAt }: RotationState): number {
  if (attempts > 0) return retryAt;
  const next = step === 'idle' ? nextAt : step === 'stopped' ? Number.MAX_SAFE_INTEGER : 0;
  return Math.min(next, ...retiring.map(({ at }) => at));
}

/** Whether nothing is left to do, ever. */
export function isRotationOver({ step, retiring }: RotationState): boolean {
  return step === 'stopped' && retiring.length === 0;
}

/** What is due. */
export function nextRotationStep({ step, nextAt, retiring, next = 'null' }: RotationState, now: number): RotationStep | undefined {
  const begins = step === 'idle' && nextAt <= now;
  // Before another one comes, the last must be gone.
  const old = retiring.find(({ at }) => at <= now) ?? (begins ? retiring[0] : undefined);
  if (old !== undefined) return { run: 'retire', old };
  if (begins) return { run: 'create' };
  if (step === 'created') return { run: 'set', next };
  if (step === 'set') return { run: 'test', next };
  return step === 'tested' ? { run: 'finish', next } : undefined;
}

/** An old one has been ended. */
export function afterRetire(state: RotationState, { data, at }: Retiring): RotationState {
  return { ...state, retiring: state.retiring.filter((old) => old.data !== data || old.at !== at), attempts: 0 };
}

/** A new one has been decided. */
export function afterCreate(state: RotationState, next: string): RotationState {
  return state.step === 'idle' ? { ...state, step: 'created', next, attempts: 0 } : state;
}

/** The new one has been set or proved. It may have been stopped meanwhile, and then retires it. */
export function afterStep(state: RotationState, step: 'set' | 'test', next: string): RotationState {
  return state.next === next && state.step !== 'stopped' ? { ...state, step: step === 'set' ? 'set' : 'tested', attempts: 0 } : state;
}

/** The new one is in force. @param state after what `finish` itself has changed @param retires whether old ones are ended */
export function afterFinish(state: RotationState, next: string, retires: boolean, now: number): RotationState {
  const { next: _next, ...rest } = state;
  const stopped = state.step === 'stopped';
  const left = stopped ? state.retiring.filter(({ data }) => data !== next) : state.retiring;
  return {
    ...rest,
    data: next,
    step: stopped ? 'stopped' : 'idle',
    retiring: [...left, ...(retires ? [{ data: state.data, at: now + state.grace * 1000 }] : [])],
    nextAt: now + state.every * 1000,
    attempts: 0,
  };
}

/** A step has failed: it is tried again. @param waitMs by the number of failures */
export function afterFailure(state: RotationState, now: number, waitMs: (attempts: number) => number): RotationState {
  const attempts = state.attempts + 1;
  return { ...state, attempts, retryAt: now + waitMs(attempts) };
}
