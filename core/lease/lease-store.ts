/**
 * Leases in storage: what was issued outside, how it is ended, and when.
 *
 *     lease/id/<id>              the record; the id is `<path of the request>/<24 random characters>`
 *     lease/due/<ms>/<random>    its id, in the order in which something has to be done
 *     lease/pending/<random>     its id, until `finish` has activated it: what is found here at a start belongs to a crash
 *     lease/mount/<mount>/<random>  its id, by mount
 *
 * A lease is pending from before `execute` began, active once the answer may go out, and ending from the moment it was given up.
 */
import type { Transaction } from '../barrier/transaction.ts';
import { randomBase62 } from '../crypto/random-text.ts';
import { StrongroomError } from '../errors.ts';
import { hold, letGo } from '../identity/token-holds.ts';

/** A lease as it is stored. Moments in milliseconds since 1970. */
export interface LeaseRecord {
  readonly id: string;
  readonly mountId: string;
  /** Kind, as its engine calls it. */
  readonly kind: string;
  /** JSON text: what the engine needs to end it. */
  readonly data: string;
  readonly state: 'pending' | 'active' | 'ending';
  readonly renewable: boolean;
  /** Seconds that it was issued for. */
  readonly ttl: number;
  readonly issuedAt: number;
  /** Absent until it is. */
  readonly renewedAt?: number;
  readonly expiresAt: number;
  /** No renewal goes beyond. */
  readonly maxAt: number;
  /** When the next thing has to be done: to end it, or to try again. */
  readonly dueAt: number;
  /** Failed tries to end it. */
  readonly attempts: number;
  /** Hash of the token that it ends with; absent: none. */
  readonly token?: string;
  /** Ended once; `execute` may still have been running then, so it is ended again at `dueAt`. */
  readonly again: boolean;
}

/** What a new lease is made of. */
export type NewLease = Pick<LeaseRecord, 'mountId' | 'kind' | 'data' | 'renewable' | 'token'> & {
  /** Path of the request. */
  readonly path: string;
  /** Seconds. */
  readonly ttl: number;
  readonly maxTtl: number;
};

const root = 'lease/';
const randomLength = 24;
/** Failed tries to end a lease after which it is listed as irrevocable; it is tried on, at long intervals. */
const attemptsMax = 6;

function idKey(id: string): string {
  return `${root}id/${id}`;
}

function randomPart(id: string): string {
  return id.slice(-randomLength);
}

function dueKey({ id, dueAt }: LeaseRecord): string {
  return `${root}due/${String(dueAt).padStart(16, '0')}/${randomPart(id)}`;
}

/** Stores a pending lease, in the transaction that `execute` waits for. @param pendingMs after which it is given up if nobody has activated it */
export function addPending(tx: Transaction, lease: NewLease, now: number, pendingMs: number): LeaseRecord {
  const { path, ttl, maxTtl, mountId, kind, data, renewable, token } = lease;
  const record: LeaseRecord = {
    id: `${path}/${randomBase62(randomLength)}`,
    mountId,
    kind,
    data,
    renewable,
    state: 'pending',
    ttl,
    issuedAt: now,
    expiresAt: now + ttl * 1000,
    maxAt: now + maxTtl * 1000,
    dueAt: now + pendingMs,
    attempts: 0,
    again: false,
    ...(token === undefined ? {} : { token }),
  };
  const id = Buffer.from(record.id);
  tx.put(`${root}pending/${randomPart(record.id)}`, id);
  tx.put(`${root}mount/${mountId}/${randomPart(record.id)}`, id);
  tx.put(dueKey(record), id);
  tx.put(idKey(record.id), encode(record));
  if (token !== undefined) hold(tx, token, randomPart(record.id), record.id);
  return record;
}

/** A lease by its id. */
export async function readLease(tx: Transaction, id: string): Promise<LeaseRecord | undefined> {
  const stored = await tx.get(idKey(id));
  // Written by this file.
  return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored).toString()) as LeaseRecord);
}

/** Makes a pending lease active, with its lifetime counted from `now`. @throws StrongroomError `unavailable` when it was given up meanwhile */
export async function activate(tx: Transaction, id: string, now: number): Promise<LeaseRecord> {
  const lease = await readLease(tx, id);
  if (lease?.state !== 'pending') throw new StrongroomError('unavailable', 'the lease was given up before it was issued');
  const moved = now - lease.issuedAt;
  const expiresAt = lease.expiresAt + moved;
  tx.delete(`${root}pending/${randomPart(id)}`);
  return replace(tx, lease, { ...lease, state: 'active', issuedAt: now, expiresAt, maxAt: lease.maxAt + moved, dueAt: expiresAt });
}

/** Makes an active lease last until `expiresAt`, as far as it may. @throws StrongroomError `invalid` as `renewableLease` */
export async function extend(tx: Transaction, id: string, seconds: number, now: number): Promise<LeaseRecord> {
  const lease = await renewableLease(tx, id, now);
  const expiresAt = Math.min(now + seconds * 1000, lease.maxAt);
  return replace(tx, lease, { ...lease, renewedAt: now, expiresAt, dueAt: expiresAt });
}

/** A lease that can be renewed now. @throws StrongroomError `invalid` for one that is gone, over, or not of the kind */
export async function renewableLease(tx: Transaction, id: string, now: number): Promise<LeaseRecord> {
  const lease = await readLease(tx, id);
  if (lease?.state !== 'active' || lease.expiresAt <= now) throw new StrongroomError('invalid', 'field lease_id: lease not found');
  if (!lease.renewable) throw new StrongroomError('invalid', 'field lease_id: lease is not renewable');
  return lease;
}

/** Names below a prefix of ids ('' or with its slash), in order. */
export function listLeases(tx: Transaction, prefix: string): Promise<readonly string[]> {
  return tx.list(`${root}id/${prefix}`);
}

/** Ids of leases below a prefix ('' or with its slash), in order, after an id. */
export async function leasesUnder(tx: Transaction, prefix: string, after: string, limit: number): Promise<readonly string[]> {
  const slash = after.indexOf('/', prefix.length);
  const ids: string[] = [];
  // The page before ended inside a directory: what is left of it comes first.
  if (slash >= 0) ids.push(...(await leasesUnder(tx, after.slice(0, slash + 1), after, limit)));
  const from = after === '' ? '' : slash < 0 ? after.slice(prefix.length) : after.slice(prefix.length, slash + 1);
  if (ids.length >= limit) return ids;
  // Every directory holds at least one lease, so a page never needs more names than ids.
  for (const name of await tx.list(`${root}id/${prefix}`, from, limit - ids.length)) {
    if (ids.length >= limit) break;
    if (name.endsWith('/')) ids.push(...(await leasesUnder(tx, prefix + name, '', limit - ids.length)));
    else ids.push(prefix + name);
  }
  return ids;
}

/** Whether so many tries have failed that an operator should look at it. */
export function isIrrevocable({ state, attempts }: LeaseRecord): boolean {
  return state === 'ending' && attempts >= attemptsMax;
}

/** Removes index entries whose lease is gone, of those after a name; what a version with a fault may have left. @returns where to go on; undefined at the end */
export async function tidyIndex(
  tx: Transaction,
  index: string,
  after: string,
  limit: number,
): Promise<{ readonly removed: number; readonly next: string | undefined }> {
  let removed = 0;
  const names = await tx.list(index, after, limit);
  for (const name of names) {
    const id = await tx.get(index + name);
    if (id === undefined || (await tx.get(idKey(Buffer.from(id).toString()))) !== undefined) continue;
    tx.delete(index + name);
    removed++;
  }
  return { removed, next: names.length < limit ? undefined : names.at(-1) };
}

/** Directories of index entries, each of which names a lease. */
export async function indexDirectories(tx: Transaction): Promise<readonly string[]> {
  const below = async (parent: string): Promise<readonly string[]> => (await tx.list(parent)).map((name) => parent + name);
  return [`${root}pending/`, ...(await below(`${root}mount/`)), ...(await below(`${root}due/`))];
}

/** Says that a lease ends: from now on nobody can activate or renew it. Undefined when it is gone. */
export async function beginEnding(tx: Transaction, id: string, now: number): Promise<LeaseRecord | undefined> {
  const lease = await readLease(tx, id);
  if (lease === undefined) return undefined;
  if (lease.state === 'ending') return lease;
  tx.delete(`${root}pending/${randomPart(id)}`);
  return replace(tx, lease, { ...lease, state: 'ending', again: lease.state === 'pending', dueAt: now });
}

/** Puts a lease off. */
export function putOff(tx: Transaction, lease: LeaseRecord, change: Pick<LeaseRecord, 'dueAt' | 'attempts' | 'again'>): LeaseRecord {
  return replace(tx, lease, { ...lease, ...change });
}

/** Forgets a lease. */
export function remove(tx: Transaction, lease: LeaseRecord): void {
  const random = randomPart(lease.id);
  tx.delete(idKey(lease.id));
  tx.delete(dueKey(lease));
  tx.delete(`${root}pending/${random}`);
  tx.delete(`${root}mount/${lease.mountId}/${random}`);
  if (lease.token !== undefined) letGo(tx, lease.token, random);
}

/** Ids of leases for which something has to be done, earliest first. */
export async function due(tx: Transaction, now: number, limit: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const moment of await tx.list(`${root}due/`, '', limit)) {
    if (Number(moment.slice(0, -1)) > now) break;
    ids.push(...(await idsIn(tx, `${root}due/${moment}`, limit - ids.length)));
    if (ids.length >= limit) break;
  }
  return ids;
}

/** Ids of leases that are not active yet. */
export function pending(tx: Transaction, limit: number): Promise<readonly string[]> {
  return idsIn(tx, `${root}pending/`, limit);
}

/** Ids of a mount's leases. */
export function ofMount(tx: Transaction, mountId: string, limit: number): Promise<readonly string[]> {
  return idsIn(tx, `${root}mount/${mountId}/`, limit);
}

async function idsIn(tx: Transaction, directory: string, limit: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const name of await tx.list(directory, '', limit)) {
    const id = await tx.get(directory + name);
    if (id !== undefined) ids.push(Buffer.from(id).toString());
  }
  return ids;
}

function replace(tx: Transaction, before: LeaseRecord, after: LeaseRecord): LeaseRecord {
  if (before.dueAt !== after.dueAt) {
    tx.delete(dueKey(before));
    tx.put(dueKey(after), Buffer.from(after.id));
  }
  tx.put(idKey(after.id), encode(after));
  return after;
}

function encode(record: LeaseRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}
