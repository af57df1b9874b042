/**
 * Service tokens in the store, all under `core/token/`:
 *
 *   id/<hash>                      the record
 *   accessor/<hash of accessor>    hash of the token
 *   child/<parent hash>/<hash>     (empty) children, for revocation of trees
 *   expiry/<ms, 15 digits>/<hash>  (empty) in order of expiry, for the sweep
 *   sweep/<hash>                   (empty) a revoked token whose children are still to be removed
 *   source/<mount id>              (empty) an auth mount whose tokens are valid
 *   login/<mount id>/<hash>        (empty) the tokens that its logins made
 *   closed/<mount id>              (empty) a disabled auth mount whose tokens are still to be removed
 *
 * A token is valid while it and all its ancestors are, and the auth mounts that they came from: that makes the revocation of a tree, or
 * of all tokens of a mount, one small commit, however many they are, and the sweep removes the rest in the background.
 */
import type { Transaction } from '../barrier/transaction.ts';
import { hmacSha256 } from '../crypto/hmac-sha256.ts';
import { randomBase62 } from '../crypto/random-text.ts';
import { StrongroomError } from '../errors.ts';
import type { Clock } from './clock.ts';
import { endCubbyhole } from './cubbyhole.ts';
import { isExpired } from './lifetime.ts';
import { type StoredToken, tokenBytesMax, tokenDepthMax, type TokenLogin, tokenPrefix, type TokenRecord } from './token.ts';

const root = 'core/token/';
const empty = new Uint8Array(0);
/** How long the record of a spent token stays: longer than any request may take. */
const spentLingerMs = 120_000;

/** What identifies a new token besides its record. */
export interface NewToken {
  /** The token's text. It exists in the answer only. */
  readonly token: string;
  readonly hash: string;
  readonly record: TokenRecord;
}

function idKey(hash: string): string {
  return `${root}id/${hash}`;
}

function expiryKey(expiresAt: number, hash: string): string {
  return `${root}expiry/${String(expiresAt).padStart(15, '0')}/${hash}`;
}

function parseRecord(value: Uint8Array): TokenRecord {
  // Authenticated by the barrier and written only here.
  return JSON.parse(Buffer.from(value).toString()) as TokenRecord;
}

function encodeRecord(record: TokenRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

/** Reads and writes tokens inside transactions. */
export class TokenStore {
  readonly #hash: (token: string) => string;
  readonly #clock: Clock;
  /** By hash: the last use that is being taken. */
  readonly #turns = new Map<string, Promise<void>>();

  /** @param hashKey 32 bytes; tokens are stored as HMAC-SHA256 under it */
  constructor(hashKey: Uint8Array, clock: Clock) {
    this.#hash = hmacSha256(hashKey, 'base64url');
    this.#clock = clock;
  }

  /** The hash a token is stored under. */
  hash(token: string): string {
    return this.#hash(token);
  }

  /** A valid token by its text; undefined when it is unknown, expired, spent, or an ancestor is. */
  async find(tx: Transaction, token: string): Promise<StoredToken | undefined> {
    if (token.length === 0 || token.length > tokenBytesMax) return undefined;
    return this.findByHash(tx, this.#hash(token));
  }

  /** A valid token by its hash. */
  async findByHash(tx: Transaction, hash: string): Promise<StoredToken | undefined> {
    const found = await this.#load(tx, hash);
    return found === undefined || found.record.usesLeft < 0 ? undefined : found;
  }

  /** A token whose last use is being spent counts too: it is valid for the request that took it. */
  async findSpent(tx: Transaction, hash: string): Promise<StoredToken | undefined> {
    return this.#load(tx, hash);
  }

  async #load(tx: Transaction, hash: string): Promise<StoredToken | undefined> {
    const now = this.#clock.now();
    const loaded = tx.derived(idKey(hash), parseRecord);
    const record = loaded instanceof Promise ? await loaded : loaded;
    if (record === undefined || isExpired(record.expiresAt, now)) return undefined;
    if (record.login !== undefined && !(await this.#isOpen(tx, record.login))) return undefined;
    let endsAt = record.expiresAt;
    let parent = record.parent;
    while (parent !== undefined) {
      const ancestor = await tx.derived(idKey(parent), parseRecord);
      if (ancestor === undefined || isExpired(ancestor.expiresAt, now) || ancestor.usesLeft < 0) return undefined;
      if (ancestor.login !== undefined && !(await this.#isOpen(tx, ancestor.login))) return undefined;
      if (ancestor.expiresAt !== undefined && (endsAt === undefined || ancestor.expiresAt < endsAt)) endsAt = ancestor.expiresAt;
      parent = ancestor.parent;
    }
    return { hash, record, endsAt };
  }

  async #isOpen(tx: Transaction, { mountId }: TokenLogin): Promise<boolean> {
    return (await tx.derived(`${root}source/${mountId}`, () => true)) === true;
  }

  /** Lets tokens of an auth mount be valid. */
  openSource(tx: Transaction, mountId: string): void {
    tx.put(`${root}source/${mountId}`, empty);
  }

  /** Ends, at once, all tokens of an auth mount and all below them. */
  closeSource(tx: Transaction, mountId: string): void {
    tx.delete(`${root}source/${mountId}`);
    tx.put(`${root}closed/${mountId}`, empty);
  }

  /** A valid token by its accessor. */
  async findByAccessor(tx: Transaction, accessor: string): Promise<StoredToken | undefined> {
    if (accessor.length === 0 || accessor.length > tokenBytesMax) return undefined;
    const hash = await tx.get(`${root}accessor/${this.#hash(accessor)}`);
    return hash === undefined ? undefined : this.findByHash(tx, Buffer.from(hash).toString());
  }

  /**
   * Stores a new token.
   * @param id text chosen by the caller (root only); otherwise it is random
   * @throws StrongroomError `invalid` when the chosen text is in use or the tree is too deep
   */
  async create(
    tx: Transaction,
    record: Omit<TokenRecord, 'accessor' | 'depth'>,
    parent: StoredToken | undefined,
    id?: string,
  ): Promise<NewToken> {
    const token = id ?? tokenPrefix + randomBase62(24);
    const hash = this.#hash(token);
    if (id !== undefined && (await tx.has(idKey(hash)))) throw new StrongroomError('invalid', 'cannot create a token with a duplicate ID');
    const depth = parent === undefined ? 0 : parent.record.depth + 1;
    if (depth > tokenDepthMax) throw new StrongroomError('invalid', `a token can have at most ${tokenDepthMax} ancestors`);
    const full: TokenRecord = { ...record, accessor: randomBase62(24), depth, ...(parent === undefined ? {} : { parent: parent.hash }) };
    tx.put(idKey(hash), encodeRecord(full));
    tx.put(`${root}accessor/${this.#hash(full.accessor)}`, Buffer.from(hash));
    if (parent !== undefined) tx.put(`${root}child/${parent.hash}/${hash}`, empty);
    if (full.expiresAt !== undefined) tx.put(expiryKey(full.expiresAt, hash), empty);
    if (full.login !== undefined) tx.put(`${root}login/${full.login.mountId}/${hash}`, empty);
    return { token, hash, record: full };
  }

  /** Replaces a token's record, moving it in the order of expiry. */
  update(tx: Transaction, token: StoredToken, record: TokenRecord): void {
    if (token.record.expiresAt !== record.expiresAt) {
      if (token.record.expiresAt !== undefined) tx.delete(expiryKey(token.record.expiresAt, token.hash));
      if (record.expiresAt !== undefined) tx.put(expiryKey(record.expiresAt, token.hash), empty);
    }
    tx.put(idKey(token.hash), encodeRecord(record));
  }

  /** Runs `take` after those that others began for the same token: the many that come at once neither conflict nor lose a use. */
  async inTurn(hash: string, take: () => Promise<void>): Promise<void> {
    const taken = (this.#turns.get(hash) ?? Promise.resolve()).then(take);
    const turn = taken.catch(() => {});
    this.#turns.set(hash, turn);
    try {
      await taken;
    } finally {
      if (this.#turns.get(hash) === turn) this.#turns.delete(hash);
    }
  }

  /**
   * Takes one use. After the last one nobody but the requests that took one may use the token; they need it while they run, so it is
   * left to the sweep.
   */
  spendUse(tx: Transaction, token: StoredToken): void {
    const { usesLeft, expiresAt } = token.record;
    if (usesLeft > 1) return this.update(tx, token, { ...token.record, usesLeft: usesLeft - 1 });
    const end = this.#clock.now() + spentLingerMs;
    return this.update(tx, token, { ...token.record, usesLeft: -1, expiresAt: Math.min(expiresAt ?? end, end) });
  }

  /** Ends a token and, at once, everything below it; valid or not. */
  async revoke(tx: Transaction, hash: string): Promise<void> {
    const record = await tx.derived(idKey(hash), parseRecord);
    if (record === undefined) return;
    this.#remove(tx, hash, record);
    await endCubbyhole(tx, record);
    if ((await tx.list(`${root}child/${hash}/`, '', 1)).length > 0) tx.put(`${root}sweep/${hash}`, empty);
  }

  #remove(tx: Transaction, hash: string, record: TokenRecord): void {
    tx.delete(idKey(hash));
    tx.delete(`${root}accessor/${this.#hash(record.accessor)}`);
    if (record.parent !== undefined) tx.delete(`${root}child/${record.parent}/${hash}`);
    if (record.expiresAt !== undefined) tx.delete(expiryKey(record.expiresAt, hash));
    if (record.login !== undefined) tx.delete(`${root}login/${record.login.mountId}/${hash}`);
  }

  /** Removes up to `limit` expired tokens. Answers how many it found. */
  async sweepExpired(tx: Transaction, limit: number): Promise<number> {
    const now = this.#clock.now();
    let found = 0;
    for (const moment of await tx.list(`${root}expiry/`, '', limit)) {
      if (!isExpired(Number(moment.slice(0, -1)), now)) break;
      for (const hash of await tx.list(`${root}expiry/${moment}`, '', limit - found)) {
        await this.revoke(tx, hash);
        tx.delete(`${root}expiry/${moment}${hash}`);
        found++;
      }
      if (found >= limit) break;
    }
    return found;
  }

  /** Removes up to `limit` tokens below revoked ones. Answers how many entries it dealt with; 0 when nothing is left. */
  async sweepRevoked(tx: Transaction, limit: number): Promise<number> {
    let found = 0;
    for (const parent of await tx.list(`${root}sweep/`, '', limit)) {
      const children = await tx.list(`${root}child/${parent}/`, '', limit - found);
      for (const hash of children) {
        await this.revoke(tx, hash);
        tx.delete(`${root}child/${parent}/${hash}`);
        found++;
      }
      if (found >= limit) return found;
      tx.delete(`${root}sweep/${parent}`);
      found++;
    }
    return found;
  }

  /** Removes up to `limit` tokens of disabled auth mounts. Answers how many entries it dealt with; 0 when nothing is left. */
  async sweepClosed(tx: Transaction, limit: number): Promise<number> {
    const [mountId] = await tx.list(`${root}closed/`, '', 1);
    if (mountId === undefined) return 0;
    const hashes = await tx.list(`${root}login/${mountId}/`, '', limit);
    for (const hash of hashes) {
      await this.revoke(tx, hash);
      tx.delete(`${root}login/${mountId}/${hash}`);
    }
    if (hashes.length === 0) tx.delete(`${root}closed/${mountId}`);
    return hashes.length + 1;
  }
}
