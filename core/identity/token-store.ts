/**
 * Finds, makes, changes and ends tokens inside transactions.
 *
 * A token is valid while it and all its ancestors are, and the auth mounts that they came from: that makes the revocation of a tree, or
 * of all tokens of a mount, one small commit, however many they are, and the sweeps (`token-sweep.ts`) remove the rest in the background.
 * The same holds for a token that is revoked without its children: it is marked as having released them, with one entry.
 */
import { upon } from '@strongroom/sdk-plugin';
import type { Transaction } from '../barrier/transaction.ts';
import { hmacSha256 } from '../crypto/hmac-sha256.ts';
import { randomBase62 } from '../crypto/random-text.ts';
import { StrongroomError } from '../errors.ts';
import { type BatchRecord, type BatchTokens, isBatchText } from './batch-token.ts';
import type { Clock } from './clock.ts';
import { isExpired } from './lifetime.ts';
import { type StoredToken, tokenBytesMax, tokenDepthMax, tokenPrefix, type TokenRecord } from './token.ts';
import {
  childDirectory,
  empty,
  expiryKey,
  idKey,
  parseRecord,
  putRecord,
  removeToken,
  tokenDirectories,
  writeToken,
} from './token-entries.ts';

/** How long the record of a spent token stays: longer than any request may take. */
const spentLingerMs = 120_000;

/** What identifies a new token besides its record. */
export interface NewToken {
  /** The token's text. It exists in the answer only. */
  readonly token: string;
  readonly hash: string;
  readonly record: TokenRecord;
}

/** A valid token, if it is one. */
type Found = StoredToken | undefined;

/** What the tokens above one say of it. */
interface Line {
  /** When the first of them ends; undefined: never. */
  readonly endsAt: number | undefined;
  /** Whether the one right above has been revoked and has let it go. */
  readonly released: boolean;
}

/** Reads and writes tokens inside transactions. */
export class TokenStore {
  readonly #hash: (token: string) => string;
  readonly #clock: Clock;
  readonly #batch: BatchTokens;
  /** By hash: the last use that is being taken. */
  readonly #turns = new Map<string, Promise<void>>();

  /** @param hashKey 32 bytes; tokens are stored as HMAC-SHA256 under it */
  constructor(hashKey: Uint8Array, clock: Clock, batch: BatchTokens) {
    this.#hash = hmacSha256(hashKey, 'base64url');
    this.#clock = clock;
    this.#batch = batch;
  }

  /** The hash a token is stored under. */
  hash(token: string): string {
    return this.#hash(token);
  }

  /** A valid token by its text; undefined when it is unknown, expired, spent, or an ancestor is. Answers at once when all is kept. */
  find(tx: Transaction, token: string): Found | Promise<Found> {
    if (token.length === 0 || token.length > tokenBytesMax) return undefined;
    return isBatchText(token) ? this.#findBatch(tx, token) : this.findByHash(tx, this.#hash(token));
  }

  /** A valid service token by its hash. */
  findByHash(tx: Transaction, hash: string): Found | Promise<Found> {
    return upon(this.#load(tx, hash), (found) => (found === undefined || found.record.usesLeft < 0 ? undefined : found));
  }

  /** A token whose last use is being spent counts too: it is valid for the request that took it. */
  findSpent(tx: Transaction, hash: string): Found | Promise<Found> {
    return this.#load(tx, hash);
  }

  #load(tx: Transaction, hash: string): Found | Promise<Found> {
    return upon(tx.derived(idKey(hash), parseRecord), (record) => {
      if (record === undefined || isExpired(record.expiresAt, this.#clock.now())) return undefined;
      return upon(record.login === undefined || this.#isOpen(tx, record.login.mountId), (open) => {
        if (!open) return undefined;
        if (record.parent === undefined) return { hash, record, endsAt: record.expiresAt };
        return upon(
          this.#line(tx, record.parent, record.expiresAt),
          (found) => found && { hash, record: found.released ? orphaned(record) : record, endsAt: found.endsAt },
        );
      });
    });
  }

  async #findBatch(tx: Transaction, token: string): Promise<StoredToken | undefined> {
    const hash = this.#hash(token);
    const opened = this.#batch.open(token, hash);
    if (opened === undefined || isExpired(opened.record.expiresAt, this.#clock.now())) return undefined;
    const { record, loginMountId } = opened;
    if (loginMountId !== undefined && !(await this.#isOpen(tx, loginMountId))) return undefined;
    const line = record.parent === undefined ? undefined : await this.#line(tx, record.parent, record.expiresAt);
    // It can't be told that it is an orphan: it ends with its parent, whichever way that ends.
    if (record.parent !== undefined && (line === undefined || line.released)) return undefined;
    return { hash, record, endsAt: line === undefined ? record.expiresAt : line.endsAt };
  }

  /**
   * Walks up from a token's parent, of which there are at most `tokenDepthMax`; undefined when one of them ends the token. Answers at once when all
   * are kept.
   * @param first whether `next` is the token's own parent
   */
  #line(
    tx: Transaction,
    next: string,
    expiresAt: number | undefined,
    now: number = this.#clock.now(),
    first = true,
  ): Line | undefined | Promise<Line | undefined> {
    return upon(tx.derived(idKey(next), parseRecord), (ancestor) => {
      if (ancestor === undefined)
        return tx.has(tokenDirectories.released + next).then((released) => (released ? { endsAt: expiresAt, released: first } : undefined));
      return upon(this.#holds(tx, ancestor, now), (holds) => {
        if (!holds) return undefined;
        const endsAt = earlier(expiresAt, ancestor.expiresAt);
        return ancestor.parent === undefined ? { endsAt, released: false } : this.#line(tx, ancestor.parent, endsAt, now, false);
      });
    });
  }

  /** Whether a token leaves those below it valid. */
  #holds(tx: Transaction, { expiresAt, usesLeft, login }: TokenRecord, now: number): boolean | Promise<boolean> {
    if (isExpired(expiresAt, now) || usesLeft < 0) return false;
    return login === undefined || this.#isOpen(tx, login.mountId);
  }

  #isOpen(tx: Transaction, mountId: string): boolean | Promise<boolean> {
    return upon(
      tx.derived(tokenDirectories.source + mountId, () => true),
      (open) => open === true,
    );
  }

  /** Lets tokens of an auth mount be valid. */
  openSource(tx: Transaction, mountId: string): void {
    tx.put(tokenDirectories.source + mountId, empty);
  }

  /** Ends, at once, all tokens of an auth mount and all below them. */
  closeSource(tx: Transaction, mountId: string): void {
    tx.delete(tokenDirectories.source + mountId);
    tx.put(tokenDirectories.closed + mountId, empty);
  }

  /** A valid token by its accessor. */
  async findByAccessor(tx: Transaction, accessor: string): Promise<StoredToken | undefined> {
    if (accessor.length === 0 || accessor.length > tokenBytesMax || accessor.includes('/')) return undefined;
    const hash = await tx.get(tokenDirectories.accessor + accessor);
    return hash === undefined ? undefined : this.findByHash(tx, Buffer.from(hash).toString());
  }

  /** Accessors in order. @param after exclusive; '' for the first */
  accessors(tx: Transaction, after: string, limit: number): Promise<readonly string[]> {
    return tx.list(tokenDirectories.accessor, after, limit);
  }

  /**
   * Stores a new service token.
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
    if (id !== undefined && (await isTaken(tx, hash))) throw new StrongroomError('invalid', 'cannot create a token with a duplicate ID');
    const depth = parent === undefined ? 0 : parent.record.depth + 1;
    if (depth > tokenDepthMax) throw new StrongroomError('invalid', `a token can have at most ${tokenDepthMax} ancestors`);
    const full: TokenRecord = { ...record, accessor: randomBase62(24), depth, ...(parent === undefined ? {} : { parent: parent.hash }) };
    writeToken(tx, hash, full);
    return { token, hash, record: full };
  }

  /** Makes a batch token: nothing is stored. @throws StrongroomError `invalid` when it would be too long */
  createBatch(record: Omit<BatchRecord, 'parent'>, parent: StoredToken | undefined): NewToken {
    const { token, record: full } = this.#batch.seal(parent === undefined ? record : { ...record, parent: parent.hash });
    return { token, hash: this.#hash(token), record: full };
  }

  /** Replaces a token's record, moving it in the order of expiry. */
  update(tx: Transaction, token: StoredToken, record: TokenRecord): void {
    if (token.record.expiresAt !== record.expiresAt) {
      if (token.record.expiresAt !== undefined) tx.delete(expiryKey(token.record.expiresAt, token.hash));
      if (record.expiresAt !== undefined) tx.put(expiryKey(record.expiresAt, token.hash), empty);
    }
    putRecord(tx, token.hash, record);
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

  /**
   * Ends a service token and, at once, everything below it; valid or not. It doesn't look for children: those who are being made while it
   * is revoked would make it begin again and again.
   */
  async revoke(tx: Transaction, hash: string): Promise<void> {
    const record = await tx.derived(idKey(hash), parseRecord);
    if (record === undefined) return;
    await removeToken(tx, hash, record);
    tx.put(tokenDirectories.sweep + hash, empty);
  }

  /** Ends a valid service token alone: its children live on as orphans, its batch tokens end. */
  async revokeOrphan(tx: Transaction, { hash, record }: StoredToken): Promise<void> {
    await removeToken(tx, hash, record);
    tx.put(tokenDirectories.released + hash, empty);
  }
}

/** Also by a token that is over, as long as tokens are below it: they would be below the new one. */
async function isTaken(tx: Transaction, hash: string): Promise<boolean> {
  return (await tx.has(idKey(hash))) || (await tx.list(childDirectory(hash), '', 1)).length > 0;
}

/** A record without its parent. */
export function orphaned(record: TokenRecord): TokenRecord {
  return { ...record, parent: undefined, orphan: true };
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}
