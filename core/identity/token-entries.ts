/**
 * Service tokens in the store, all under `core/token/`:
 *
 *   id/<hash>                      the record
 *   accessor/<accessor>            hash of the token
 *   child/<parent hash>/<hash>     (empty) children, for revocation of trees
 *   expiry/<ms, 15 digits>/<hash>  (empty) in order of expiry, for the sweep
 *   sweep/<hash>                   (empty) a revoked token whose children are still to be removed
 *   released/<hash>                (empty) a revoked token whose children live on, and are still to be told that they are orphans
 *   source/<mount id>              (empty) an auth mount whose tokens are valid
 *   login/<mount id>/<hash>        (empty) the tokens that its logins made
 *   closed/<mount id>              (empty) a disabled auth mount whose tokens are still to be removed
 */
import type { Transaction } from '../barrier/transaction.ts';
import { endCubbyhole } from './cubbyhole.ts';
import { endHolds } from './token-holds.ts';
import type { TokenRecord } from './token.ts';

const root = 'core/token/';

/** Directories of the entries. */
export const tokenDirectories: Readonly<
  Record<'id' | 'accessor' | 'child' | 'expiry' | 'sweep' | 'released' | 'source' | 'login' | 'closed', string>
> = {
  id: `${root}id/`,
  accessor: `${root}accessor/`,
  child: `${root}child/`,
  expiry: `${root}expiry/`,
  sweep: `${root}sweep/`,
  released: `${root}released/`,
  source: `${root}source/`,
  login: `${root}login/`,
  closed: `${root}closed/`,
};

/** The value of entries that only are there. */
export const empty: Uint8Array = new Uint8Array(0);

/** Key of a record. */
export function idKey(hash: string): string {
  return tokenDirectories.id + hash;
}

/** Directory of a token's children. */
export function childDirectory(parent: string): string {
  return `${tokenDirectories.child}${parent}/`;
}

/** Key of a token's place in the order of expiry. */
export function expiryKey(expiresAt: number, hash: string): string {
  return `${tokenDirectories.expiry}${String(expiresAt).padStart(15, '0')}/${hash}`;
}

function loginKey(mountId: string, hash: string): string {
  return `${tokenDirectories.login}${mountId}/${hash}`;
}

/** A record as it is read. */
export function parseRecord(value: Uint8Array): TokenRecord {
  // Authenticated by the barrier and written only here.
  return JSON.parse(Buffer.from(value).toString()) as TokenRecord;
}

/** Writes a record alone: its places in the directories stay as they are. */
export function putRecord(tx: Transaction, hash: string, record: TokenRecord): void {
  tx.put(idKey(hash), Buffer.from(JSON.stringify(record)));
}

/** The places that a token has in the directories, with what is written there. */
export function placesOf(hash: string, record: TokenRecord): readonly (readonly [key: string, value: Uint8Array])[] {
  const { accessor, parent, expiresAt, login } = record;
  const places: (readonly [string, Uint8Array])[] = [[tokenDirectories.accessor + accessor, Buffer.from(hash)]];
  if (parent !== undefined) places.push([childDirectory(parent) + hash, empty]);
  if (expiresAt !== undefined) places.push([expiryKey(expiresAt, hash), empty]);
  if (login !== undefined) places.push([loginKey(login.mountId, hash), empty]);
  return places;
}

/** Writes a token and its places. */
export function writeToken(tx: Transaction, hash: string, record: TokenRecord): void {
  putRecord(tx, hash, record);
  for (const [key, value] of placesOf(hash, record)) tx.put(key, value);
}

/** Removes a token and its places; what it stored and what was issued to it are left to the sweep. */
export async function removeToken(tx: Transaction, hash: string, record: TokenRecord): Promise<void> {
  await endCubbyhole(tx, record);
  await endHolds(tx, hash);
  tx.delete(idKey(hash));
  for (const [key] of placesOf(hash, record)) tx.delete(key);
}
