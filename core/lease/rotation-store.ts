/**
 * Rotated credentials in storage: what is in force, how far the next one has come, and what is to be ended.
 *
 *     rotation/id/<mount>/<name in base64url>   the record
 *     rotation/due/<ms>/<random>                its mount and name, in the order in which something has to be done
 *
 *     idle ─ create ─▶ created ─ set ─▶ set ─ test ─▶ tested ─ finish ─▶ idle, the old one to be retired after its grace
 */
import type { ReplyMessage, RotationChange } from '@strongroom/sdk-plugin/serving';
import type { Transaction } from '../barrier/transaction.ts';
import { randomBase62 } from '../crypto/random-text.ts';
import { StrongroomError } from '../errors.ts';

/** A credential that was replaced or given up. */
export interface Retiring {
  /** JSON text. */
  readonly data: string;
  /** Ms since 1970: not before. */
  readonly at: number;
}

/** A rotated credential as it is stored. Moments in milliseconds since 1970. */
export interface RotationRecord {
  readonly mountId: string;
  readonly name: string;
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
  /** Random part of its entry among those that are due. */
  readonly due: string;
  readonly dueAt: number;
}

const root = 'rotation/';
const changesMax = 100;
const nameMax = 512;
const dataMax = 65_536;
const secondsMax = 100 * 365 * 86_400;

/** Names a rotated credential. */
export type RotationId = Pick<RotationRecord, 'mountId' | 'name'>;

function idKey({ mountId, name }: RotationId): string {
  return `${root}id/${mountId}/${Buffer.from(name).toString('base64url')}`;
}

function dueKey({ due, dueAt }: RotationRecord): string {
  return `${root}due/${String(dueAt).padStart(16, '0')}/${due}`;
}

/** What is stored of a rotated credential. */
export async function readRotation(tx: Transaction, id: RotationId): Promise<RotationRecord | undefined> {
  const stored = await tx.get(idKey(id));
  // Written by this file.
  return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored).toString()) as RotationRecord);
}

/** When something has to be done next. */
function dueOf({ step, nextAt, retiring, attempts, retryAt }: Omit<RotationRecord, 'dueAt'>): number {
  if (attempts > 0) return retryAt;
  const next = step === 'idle' ? nextAt : step === 'stopped' ? Number.MAX_SAFE_INTEGER : 0;
  return Math.min(next, ...retiring.map(({ at }) => at));
}

/** Stores a change; a stopped one that has nothing left to do is forgotten. */
export function writeRotation(tx: Transaction, before: RotationRecord | undefined, after: Omit<RotationRecord, 'dueAt' | 'due'>): void {
  if (before !== undefined) tx.delete(dueKey(before));
  if (after.step === 'stopped' && after.retiring.length === 0) {
    tx.delete(idKey(after));
    return;
  }
  const placed = { ...after, due: before?.due ?? randomBase62(24) };
  const record: RotationRecord = { ...placed, dueAt: dueOf(placed) };
  tx.put(dueKey(record), Buffer.from(JSON.stringify([record.mountId, record.name])));
  tx.put(idKey(record), Buffer.from(JSON.stringify(record)));
}

/** Those for which something has to be done, earliest first. */
export async function dueRotations(tx: Transaction, now: number, limit: number): Promise<readonly RotationId[]> {
  const found: RotationId[] = [];
  for (const moment of await tx.list(`${root}due/`, '', limit)) {
    if (Number(moment.slice(0, -1)) > now) break;
    for (const due of await tx.list(`${root}due/${moment}`, '', limit - found.length)) {
      const stored = await tx.get(`${root}due/${moment}${due}`);
      if (stored === undefined) continue;
      const [mountId, name] = JSON.parse(Buffer.from(stored).toString()) as readonly [string, string];
      found.push({ mountId, name });
    }
    if (found.length >= limit) break;
  }
  return found;
}

/** Forgets those of a mount that is gone; its credentials stay as they are. */
export async function dropRotations(tx: Transaction, mountId: string): Promise<void> {
  const directory = `${root}id/${mountId}/`;
  for (const name of await tx.list(directory)) {
    const record = await readRotation(tx, { mountId, name: Buffer.from(name, 'base64url').toString() });
    if (record !== undefined) tx.delete(dueKey(record));
    tx.delete(directory + name);
  }
}

/** Takes over what a call wants of its mount's rotations. @throws StrongroomError `internal` for what no engine may ask */
export async function applyRotations(tx: Transaction, mountId: string, { rotations = [] }: ReplyMessage, now: number): Promise<void> {
  if (rotations.length > changesMax) throw malformed(`at most ${changesMax} a call`);
  for (const change of rotations) await apply(tx, mountId, change, now);
}

async function apply(tx: Transaction, mountId: string, change: RotationChange, now: number): Promise<void> {
  const { name } = change;
  if (typeof name !== 'string' || name === '' || name.length > nameMax || !name.isWellFormed())
    throw malformed(`field name: 1 to ${nameMax} characters`);
  const before = await readRotation(tx, { mountId, name });
  if (change.change === 'keep') return writeRotation(tx, before, kept(mountId, change, before, now));
  if (before === undefined || before.step === 'stopped') return undefined;
  if (change.change === 'start') return writeRotation(tx, before, { ...before, nextAt: Math.min(before.nextAt, now) });
  const { next, ...rest } = before;
  const givenUp = next === undefined ? [] : [{ data: next, at: now }];
  return writeRotation(tx, before, { ...rest, step: 'stopped', retiring: [...before.retiring, ...givenUp], attempts: 0 });
}

type Keep = Extract<RotationChange, { change: 'keep' }>;

function kept(
  mountId: string,
  { name, kind, every, grace, data }: Keep,
  before: RotationRecord | undefined,
  now: number,
): Parameters<typeof writeRotation>[2] {
  if (!isSeconds(every, 1)) throw malformed(`field every: seconds from 1 to ${secondsMax}`);
  if (!isSeconds(grace, 0)) throw malformed(`field grace: seconds from 0 to ${secondsMax}`);
  if (typeof kind !== 'string' || typeof data !== 'string' || data.length > dataMax)
    throw malformed(`field data: at most ${dataMax} characters`);
  const nextAt = now + every * 1000;
  const fresh = {
    mountId,
    name,
    kind,
    data,
    step: 'idle',
    retiring: before?.retiring ?? [],
    every,
    grace,
    nextAt,
    attempts: 0,
    retryAt: 0,
  } as const;
  if (before === undefined || before.step === 'stopped') return fresh;
  // What is under way ends with the data that it began with.
  if (before.step !== 'idle') return { ...before, every, grace };
  return { ...fresh, nextAt: Math.min(before.nextAt, nextAt) };
}

function isSeconds(value: unknown, least: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= secondsMax;
}

function malformed(what: string): StrongroomError {
  return new StrongroomError('internal', `the engine asked for a malformed rotation: ${what}`);
}
