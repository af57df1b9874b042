/**
 * Locks out who guesses. Failures are counted by mount and alias, existing or not, all under `core/lockout/`:
 *
 *   try/<mount id>/<hash of the alias>                 the alias, its failures, and until when it is locked
 *   end/<ms, 15 digits>/<mount id>.<hash>              (empty) in order of when they are forgotten, for the sweep
 *
 * What is guaranteed, however many tries come at once: from an alias's first failure until its lock ends or its failures are forgotten,
 * at most `threshold` wrong passwords are checked. A try that could be one too many waits until those before it have ended; one that
 * finds the alias locked is refused unchecked. A failure is on disk before its answer leaves, so a restart forgets none that anybody
 * knows of; a crash forgets at most those being checked. Right passwords are never counted: many logins of one user at once all succeed.
 */
import { createHash } from 'node:crypto';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Clock } from './clock.ts';

/** When a mount locks an alias, and for how long. Durations in seconds. */
export interface LockoutConfig {
  readonly threshold: number;
  readonly duration: number;
  /** After so long without a failure, those before are forgotten. */
  readonly counterReset: number;
  readonly disabled: boolean;
}

/** Vault's. */
export const defaultLockout: LockoutConfig = { threshold: 5, duration: 900, counterReset: 900, disabled: false };

/** Who tries. */
export interface Trier {
  readonly mountId: string;
  readonly alias: string;
}

/** What a request remembers over its restarts: one try is counted once. */
export interface CountedTry {
  failed: boolean;
}

interface TryRecord {
  readonly alias: string;
  readonly failures: number;
  /** Milliseconds since 1970, like all moments here. */
  readonly failedAt: number;
  readonly lockedUntil?: number;
  readonly forgetAt: number;
}

/** The tries of one alias that are under way. */
interface Gate {
  running: number;
  /** Moves whenever one ends. */
  version: number;
  /** Tries that have come and not gone. */
  inside: number;
  waiting: (() => void)[];
}

const root = 'core/lockout/';
const empty = new Uint8Array(0);
/** Most tries of one alias at once; further ones are turned away. */
export const insideMax = 512;

function nameOf(alias: string): string {
  return createHash('sha256').update(alias).digest('base64url');
}

function tryKey({ mountId, alias }: Trier): string {
  return `${root}try/${mountId}/${nameOf(alias)}`;
}

function endKey({ mountId, alias }: Trier, forgetAt: number): string {
  return `${root}end/${String(forgetAt).padStart(15, '0')}/${mountId}.${nameOf(alias)}`;
}

function parseRecord(value: Uint8Array): TryRecord {
  // Authenticated by the barrier and written only here.
  return JSON.parse(Buffer.from(value).toString()) as TryRecord;
}

function isLocked(record: TryRecord | undefined, now: number): boolean {
  return record?.lockedUntil !== undefined && now < record.lockedUntil;
}

/** Failures that still count. */
function failuresOf(record: TryRecord | undefined, config: LockoutConfig, now: number): number {
  if (record === undefined || record.lockedUntil !== undefined || now - record.failedAt >= config.counterReset * 1000) return 0;
  return record.failures;
}

/** Counts failures of an unsealed server. */
export class Lockout {
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #gates = new Map<string, Gate>();

  constructor(vault: Vault, clock: Clock) {
    this.#vault = vault;
    this.#clock = clock;
  }

  /**
   * Runs one try. A rejection with `credentials` counts as a failure; a success forgets those before. Its bookkeeping is committed by
   * itself: the transaction of the login depends on none of it, and no two logins conflict over it.
   * @throws StrongroomError `denied` while the alias is locked; whatever the try throws
   */
  async guard<T>(trier: Trier, config: LockoutConfig, counted: CountedTry, attempt: () => Promise<T>): Promise<T> {
    // A restart of a try that has been counted is still the same try.
    if (config.disabled || counted.failed) return attempt();
    const key = tryKey(trier);
    const gate = this.#enter(key);
    try {
      await this.#admit(key, gate, config);
      return await this.#attempt(trier, config, counted, attempt).finally(() => {
        gate.running--;
        gate.version++;
        for (const wake of gate.waiting.splice(0)) wake();
      });
    } finally {
      if (--gate.inside === 0) this.#gates.delete(key);
    }
  }

  #enter(key: string): Gate {
    let gate = this.#gates.get(key);
    if (gate === undefined) this.#gates.set(key, (gate = { running: 0, version: 0, inside: 0, waiting: [] }));
    if (gate.inside >= insideMax) throw new StrongroomError('unavailable', 'too many logins of this user at once; try again later');
    gate.inside++;
    return gate;
  }

  /** Waits until this try cannot be one too many. */
  async #admit(key: string, gate: Gate, config: LockoutConfig): Promise<void> {
    for (;;) {
      const { version } = gate;
      const record = await new Transaction(this.#vault).derived(key, parseRecord);
      // What was read is of before a failure that has been counted since.
      if (gate.version !== version) continue;
      const now = this.#clock.now();
      if (isLocked(record, now)) throw new StrongroomError('denied', 'permission denied');
      if (gate.running < Math.max(1, config.threshold - failuresOf(record, config, now))) break;
      await new Promise<void>((resolve) => gate.waiting.push(resolve));
    }
    gate.running++;
  }

  async #attempt<T>(trier: Trier, config: LockoutConfig, counted: CountedTry, attempt: () => Promise<T>): Promise<T> {
    try {
      const result = await attempt();
      await inTransaction(this.#vault, (tx) => this.forget(tx, trier));
      return result;
    } catch (error) {
      if (error instanceof StrongroomError && error.code === 'credentials') {
        counted.failed = true;
        await inTransaction(this.#vault, (tx) => this.#count(tx, trier, config));
      }
      throw error;
    }
  }

  async #count(tx: Transaction, trier: Trier, config: LockoutConfig): Promise<void> {
    const now = this.#clock.now();
    const record = await tx.derived(tryKey(trier), parseRecord);
    const failures = failuresOf(record, config, now) + 1;
    const locks = failures >= config.threshold;
    const forgetAt = now + 1000 * (locks ? config.duration : config.counterReset);
    if (record !== undefined) tx.delete(endKey(trier, record.forgetAt));
    const next: TryRecord = { alias: trier.alias, failures, failedAt: now, forgetAt, ...(locks ? { lockedUntil: forgetAt } : {}) };
    tx.put(tryKey(trier), Buffer.from(JSON.stringify(next)));
    tx.put(endKey(trier, forgetAt), empty);
  }

  /** Forgets an alias's failures and ends its lock; nothing when there are none. */
  async forget(tx: Transaction, trier: Trier): Promise<void> {
    const record = await tx.derived(tryKey(trier), parseRecord);
    if (record === undefined) return;
    tx.delete(tryKey(trier));
    tx.delete(endKey(trier, record.forgetAt));
  }

  /** The aliases of a mount that are locked, in order. */
  async locked(tx: Transaction, mountId: string): Promise<readonly string[]> {
    const now = this.#clock.now();
    const aliases: string[] = [];
    for (const name of await tx.list(`${root}try/${mountId}/`)) {
      const record = await tx.derived(`${root}try/${mountId}/${name}`, parseRecord);
      if (record !== undefined && isLocked(record, now)) aliases.push(record.alias);
    }
    return aliases.sort();
  }

  /** Removes up to `limit` records that count no more. Answers how many it found. */
  async sweep(tx: Transaction, limit: number): Promise<number> {
    const now = this.#clock.now();
    let found = 0;
    for (const moment of await tx.list(`${root}end/`, '', limit)) {
      if (Number(moment.slice(0, -1)) > now || found >= limit) break;
      for (const place of await tx.list(`${root}end/${moment}`, '', limit - found)) {
        tx.delete(`${root}end/${moment}${place}`);
        tx.delete(`${root}try/${place.replace('.', '/')}`);
        found++;
      }
    }
    return found;
  }
}
