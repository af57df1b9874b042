/**
 * Rotated credentials in storage: what is in force, how far the next one has come, and what is to be ended.
 *
 *     rotation/id/<mount>/<name in base64url>   the record
 *     rotation/due/<ms>/<random>                its mount and name, in the order in which something has to be done
 */
import { changedRotation, isRotationOver, rotationDueAt, rotationFault, type RotationState } from '@strongroom/sdk-plugin/hosting';
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import type { Transaction } from '../barrier/transaction.ts';
import { randomBase62 } from '../crypto/random-text.ts';
import { StrongroomError } from '../errors.ts';

/** A rotated credential as it is stored. */
export interface RotationRecord {
  readonly mountId: string;
  readonly name: string;
  readonly state: RotationState;
  /** Random part of its entry among those that are due. */
  readonly due: string;
  /** Ms since 1970. */
  readonly dueAt: number;
}

const root = 'rotation/';
const changesMax = 100;

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

/** Stores what became of it; one that is over is forgotten. */
export function writeRotation(
  tx: Transaction,
  { mountId, name }: RotationId,
  before: RotationRecord | undefined,
  state: RotationState,
): void {
  if (before !== undefined) tx.delete(dueKey(before));
  if (isRotationOver(state)) {
    tx.delete(idKey({ mountId, name }));
    return;
  }
  const record: RotationRecord = { mountId, name, state, due: before?.due ?? randomBase62(24), dueAt: rotationDueAt(state) };
  tx.put(dueKey(record), Buffer.from(JSON.stringify([mountId, name])));
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
  for (const change of rotations) {
    const fault = rotationFault(change);
    if (fault !== undefined) throw malformed(fault);
    const id = { mountId, name: change.name };
    const before = await readRotation(tx, id);
    const state = changedRotation(before?.state, change, now);
    if (state !== undefined) writeRotation(tx, id, before, state);
  }
}

function malformed(what: string): StrongroomError {
  return new StrongroomError('internal', `the engine asked for a malformed rotation: ${what}`);
}
