/**
 * What an unsealed server does by itself: sweeps expired and revoked tokens, failed logins that count no more and unmounted engines, keeps the highest time seen,
 * reserves or rotates keys before they wear out, and re-wraps old values after a rotation.
 */
import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { inKeyringChange } from '../barrier/keyring-change.ts';
import { inTransaction } from '../barrier/in-transaction.ts';
import { logKeyId } from '../barrier/keyring.ts';
import { Transaction } from '../barrier/transaction.ts';
import { sweepClosed, sweepExpired, sweepReleased, sweepRevoked } from '../identity/token-sweep.ts';
import { tidyTokens } from '../identity/token-tidy.ts';
import type { Unsealed } from '../request/host.ts';
import { sweepCubbyholes } from '../identity/cubbyhole.ts';
import { sweepRolls } from '../identity/group-members.ts';
import { runJobs } from './engine-jobs.ts';
import { sweepUnmounted } from './mount-change.ts';
import { readRotateConfig, sealsAllowed } from './rotate-config.ts';

/** Progress of re-wrapping, in index pages. */
export interface RewrapState {
  readonly state: 'idle' | 'running';
  readonly done: number;
  readonly total: number;
}

const tickMs = 2000;
/** Longest pause between two transactions of a sweep. */
const pauseMsMax = 50;
/** How many entries one commit of a sweep deals with. */
const batch = 500;
const clockKey = 'core/clock';
/** How much of the clock's progress a crash may lose. */
const clockStepMs = 60_000;

type Sweep = (tx: Transaction, limit: number) => Promise<number>;

/** Runs the background work of one unsealing. */
export class Housekeeping {
  readonly #unsealed: Unsealed;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #rewrapping: Promise<void> | undefined;
  #tidying: Promise<void> | undefined;
  #retiring: Promise<void> | undefined;
  #rewrap: RewrapState = { state: 'idle', done: 0, total: 0 };
  #clockWritten = 0;
  #stopped = false;
  readonly #exhausted = new Map<string, boolean>();

  constructor(unsealed: Unsealed, log: Logger) {
    this.#unsealed = unsealed;
    this.#log = log;
  }

  /** Takes the persisted time over and begins. */
  async start(): Promise<void> {
    const stored = await new Transaction(this.#unsealed).get(clockKey);
    if (stored !== undefined) this.#unsealed.clock.raise(Number(Buffer.from(stored).toString()));
    this.#unsealed.barrier.limitSeals(sealsAllowed(await readRotateConfig(new Transaction(this.#unsealed))));
    this.#unsealed.barrier.onExhausted((id, rotate) => this.#exhausted.set(id, rotate));
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
    if (this.#unsealed.barrier.ring.hasOldKeks) this.rewrap();
  }

  /** Ends after the work under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#running;
    await this.#rewrapping;
    await this.#tidying;
    await this.#retiring;
  }

  /** How far re-wrapping is. */
  get rewrapState(): RewrapState {
    return this.#rewrap;
  }

  /** Sweeps now; resolves when nothing is left to do. */
  sweep(): Promise<void> {
    this.#running = this.#running.then(() => this.#sweepAll());
    return this.#running;
  }

  /** Begins to repair what is stored of tokens, in the background. Answers false while it is under way. */
  tidyTokens(): boolean {
    if (this.#tidying !== undefined) return false;
    this.#tidying = tidyTokens(this.#unsealed, () => this.#stopped)
      .then((report) => this.#log.info(report, 'tokens are tidy'))
      .catch((error: unknown) => this.#log.error({ err: error }, 'tidying tokens failed'))
      .finally(() => {
        this.#tidying = undefined;
      });
    return true;
  }

  #tick(): void {
    void this.sweep();
    this.#unsealed.leases.wake();
    this.#unsealed.rotations.wake();
  }

  async #sweepAll(): Promise<void> {
    const { clock, lockout } = this.#unsealed;
    const sweeps: readonly (() => Promise<number>)[] = [
      () => sweepExpired(this.#unsealed, clock.now()),
      () => sweepClosed(this.#unsealed),
      () => sweepRevoked(this.#unsealed),
      () => sweepReleased(this.#unsealed),
      () => this.#once(sweepCubbyholes),
      () => this.#once(sweepRolls),
      () => this.#unsealed.leases.giveUpHeld(),
      () => this.#once((tx, limit) => lockout.sweep(tx, limit)),
      () => this.#once(sweepUnmounted),
    ];
    try {
      for (const sweep of sweeps) await this.#repeat(sweep);
      await this.#keepClock();
      await this.#refreshKeys();
      await this.#rotateByAge();
      await runJobs(this.#unsealed, this.#log, () => this.#stopped);
    } catch (error) {
      this.#log.error({ err: error }, 'housekeeping failed; it will try again');
    }
  }

  /** Sweeps until nothing is left, at most half of the time: what is swept harms nobody, and requests go first. */
  async #repeat(sweep: () => Promise<number>): Promise<void> {
    for (let begin = performance.now(); !this.#stopped && (await sweep()) > 0; begin = performance.now())
      await delay(Math.min(pauseMsMax, performance.now() - begin));
  }

  /** One commit of a sweep. */
  #once(sweep: Sweep): Promise<number> {
    return inTransaction(this.#unsealed, (tx) => sweep(tx, batch), { urgent: true });
  }

  async #keepClock(): Promise<void> {
    const now = this.#unsealed.clock.now();
    if (now - this.#clockWritten < clockStepMs) return;
    const tx = new Transaction(this.#unsealed);
    tx.put(clockKey, Buffer.from(String(now)));
    await tx.commit().durable;
    this.#clockWritten = now;
  }

  /** All keys get a new version when the newest is older than the configuration allows. */
  async #rotateByAge(): Promise<void> {
    const { barrier, clock } = this.#unsealed;
    const { enabled, intervalSeconds } = await readRotateConfig(new Transaction(this.#unsealed));
    const { createdAt } = barrier.ring.newest(logKeyId);
    if (!enabled || intervalSeconds === 0 || clock.now() < createdAt + intervalSeconds * 1000) return;
    await inKeyringChange(this.#unsealed, (ring) => ring.rotated(clock.now()));
    this.#log.info('the keys have reached their age and were rotated');
    this.rewrap();
  }

  /** Keys whose reserved seals run out get another block, or a new version. */
  async #refreshKeys(): Promise<void> {
    for (const [id, rotate] of this.#exhausted) {
      // The change seals too, and may be what wears the key out: what is reported meanwhile must stay.
      this.#exhausted.delete(id);
      try {
        await this.#changeKeyring(id, rotate);
      } catch (error) {
        if (!this.#exhausted.has(id)) this.#exhausted.set(id, rotate);
        throw error;
      }
      if (rotate) this.rewrap();
    }
  }

  async #changeKeyring(id: string, rotate: boolean): Promise<void> {
    const { barrier, clock } = this.#unsealed;
    if (barrier.ring.versions(id).length === 0) return;
    await inKeyringChange(this.#unsealed, (ring) => (rotate ? ring.withKey(id, clock.now()) : ring.withReservation(id)));
  }

  /** Re-wraps every value that lies under an old KEK, in the background, then drops the old KEKs. */
  rewrap(): void {
    if (this.#rewrapping !== undefined) return;
    this.#rewrapping = this.#rewrapAll()
      .catch((error: unknown) => this.#log.error({ err: error }, 're-wrapping failed; it will go on at the next rotation or unsealing'))
      .finally(() => {
        this.#rewrapping = undefined;
        this.#rewrap = { ...this.#rewrap, state: 'idle' };
      });
  }

  /**
   * Brings what lies under the root key before this one under this one: the keyring's record and the manifest, which a compaction writes anew.
   * @param done runs when nothing lies under the former
   */
  retirePreviousRoot(done: () => void): void {
    if (this.#retiring !== undefined) return;
    this.#retiring = this.#retire(done)
      .catch((error: unknown) => {
        if (!this.#stopped)
          this.#log.error({ err: error }, 'the former root key could not be retired yet; it will be tried again at the next unsealing');
      })
      .finally(() => (this.#retiring = undefined));
  }

  async #retire(done: () => void): Promise<void> {
    const { storage, barrier } = this.#unsealed;
    await inKeyringChange(this.#unsealed, (ring) => ring.unchanged());
    await storage.compact?.({});
    done();
    barrier.forgetPreviousRoot();
  }

  async #rewrapAll(): Promise<void> {
    const { storage, barrier } = this.#unsealed;
    if (storage.compact === undefined) return;
    const versions = JSON.stringify(newestVersions(barrier.ring));
    this.#rewrap = { state: 'running', done: 0, total: 0 };
    const result = await storage.compact({
      rewrapAll: Number.parseInt(hash('sha256', versions).slice(0, 12), 16),
      onProgress: ({ pagesDone, pagesTotal }) => {
        this.#rewrap = { state: 'running', done: pagesDone, total: pagesTotal };
      },
    });
    if (!result.rewrapDone || this.#stopped) return;
    // A rotation meanwhile has made versions that this pass did not know.
    if (JSON.stringify(newestVersions(barrier.ring)) !== versions) return this.#rewrapAll();
    await inKeyringChange(this.#unsealed, (ring) => ring.withoutOldKeks());
    return undefined;
  }
}

function newestVersions(ring: Unsealed['barrier']['ring']): readonly (readonly [string, number])[] {
  return ring.ids().map((id): [string, number] => [id, ring.newest(id).version]);
}
