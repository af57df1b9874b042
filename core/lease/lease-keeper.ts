/**
 * Ends leases: those that are over, those that were given up, and those that a crash left pending. Until a lease is known to be ended
 * outside it stays in storage and is tried again, later and later.
 */
import { retryWaitMs } from '@strongroom/sdk-plugin/hosting';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { sweepHolds } from '../identity/token-holds.ts';
import { mountWorld, unrouted } from '../runner/engine-call.ts';
import { applyReply } from './apply-reply.ts';
import { DueWork } from './due-work.ts';
import {
  beginEnding,
  due,
  extend,
  indexDirectories,
  isIrrevocable,
  type LeaseRecord,
  leasesUnder,
  ofMount,
  tidyIndex,
  pending,
  putOff,
  readLease,
  remove,
  renewableLease,
} from './lease-store.ts';

/** Leases that one commit deals with. */
const batch = 500;
/** Leases that are ended at the same time. */
const parallel = 16;
/**
 * After a step that may still have been running when its lease was ended, the lease is ended once more: longer after than any call may last,
 * and than the statement timeouts of what it may have called.
 */
const quarantineMs = 120_000;

/** Ends the leases of one unsealing. */
export class LeaseKeeper extends DueWork {
  #tidying: Promise<void> | undefined;

  /** Gives up what a crash left pending, and begins to end it. */
  async start(): Promise<void> {
    for (;;) {
      const left = await this.#commit((tx) => pending(tx, 500));
      for (const id of left) await this.giveUp(id);
      if (left.length === 0) break;
    }
  }

  /** Gives a lease up; it is ended in the background. Resolves when no answer can use it any more. */
  async giveUp(id: string): Promise<void> {
    await this.#commit((tx) => beginEnding(tx, id, this.world.clock.now()));
    this.wake();
  }

  /**
   * Makes a lease last longer, outside first. @param increment seconds from now; 0: what it was issued for
   * @throws StrongroomError `invalid` when it can't be renewed; whatever the engine throws
   */
  async renew(id: string, increment: number): Promise<LeaseRecord> {
    const { rooms, clock, crypto } = this.world;
    const now = clock.now();
    const { lease, seconds, mount, engine, plan } = await this.#commit(async (tx) => {
      const found = await renewableLease(tx, id, now);
      const wanted = increment > 0 ? increment : found.ttl;
      const granted = Math.min(wanted, Math.floor((found.maxAt - now) / 1000));
      const at = await this.engineOf(tx, found.mountId);
      if (at.engine.outline.leases[found.kind]?.renews !== true) return { lease: found, seconds: granted, ...at, plan: undefined };
      const call = { ...unrouted(at.mount, 'renew-prepare', found.kind, now, found.data), seconds: granted };
      const reply = await at.engine.room.call(call, mountWorld(tx, at.mount, crypto.of(found.mountId)));
      await applyReply(tx, at.mount, reply, now);
      return { lease: found, seconds: granted, ...at, plan: reply.carried ?? 'null' };
    });
    if (plan !== undefined) {
      const call = { ...unrouted(mount, 'renew', lease.kind, now, plan), seconds };
      await engine.room.call(call, { fetch: rooms.fetchOf(mount), crypto: crypto.of(mount.id) });
    }
    return this.#commit((tx) => extend(tx, id, seconds, now));
  }

  /** Gives up the leases of tokens that are gone, a batch of them. @returns how many entries it dealt with; 0 when nothing is left */
  async giveUpHeld(): Promise<number> {
    const found = await this.#commit((tx) =>
      sweepHolds(tx, batch, async (within, id) => void (await beginEnding(within, id, this.world.clock.now()))),
    );
    if (found > 0) this.wake();
    return found;
  }

  /** Ends a lease that was given up, now. @throws StrongroomError `upstream` when it can't be ended yet; it is tried again */
  async end(id: string): Promise<void> {
    if ((await this.#end(id)) === 'failed')
      throw new StrongroomError('upstream', 'the lease can not be revoked yet: the log says why; it is tried again');
  }

  /**
   * Gives up all leases below a prefix (with its slash), in batches: nobody can renew them any more, and they are ended in the background.
   * @returns how many there were
   */
  async giveUpUnder(prefix: string): Promise<number> {
    let count = 0;
    for (let after = ''; ;) {
      const from = after;
      const ids = await this.#commit(async (tx) => {
        const found = await leasesUnder(tx, prefix, from, batch);
        for (const id of found) await beginEnding(tx, id, this.world.clock.now());
        return found;
      });
      count += ids.length;
      if (ids.length < batch) break;
      after = ids.at(-1)!;
    }
    this.wake();
    return count;
  }

  /**
   * Ends all leases below a prefix, now.
   * @param force those that can't be ended are forgotten: what they stand for outside stays there
   * @throws StrongroomError `upstream` when some can't be ended yet; they are tried again in the background
   */
  async endUnder(prefix: string, force: boolean): Promise<void> {
    await this.giveUpUnder(prefix);
    let failed = 0;
    for (let after = ''; ;) {
      const ids = await leasesUnder(new Transaction(this.world), prefix, after, parallel);
      for (const how of await Promise.all(ids.map((id) => this.#end(id, force)))) if (how === 'failed') failed++;
      if (ids.length < parallel) break;
      after = ids.at(-1)!;
    }
    if (failed > 0)
      throw new StrongroomError('upstream', `${failed} leases can not be revoked yet: the log says why; they are tried again`);
  }

  /** Leases that many tries could not end. It looks at every lease, a page at a time. */
  async irrevocable(): Promise<readonly LeaseRecord[]> {
    const found: LeaseRecord[] = [];
    for (let after = ''; ;) {
      const tx = new Transaction(this.world);
      const ids = await leasesUnder(tx, '', after, batch);
      for (const id of ids) {
        const lease = await readLease(tx, id);
        if (lease !== undefined && isIrrevocable(lease)) found.push(lease);
      }
      if (ids.length < batch) return found;
      after = ids.at(-1)!;
    }
  }

  /** Removes index entries that lead to no lease, in the background. @returns false when that is under way already */
  startTidy(): boolean {
    if (this.#tidying !== undefined) return false;
    this.#tidying = this.#tidy()
      .then(
        (removed) => this.log.info({ removed }, 'the leases were tidied'),
        (error: unknown) => this.log.error({ err: error }, 'tidying the leases failed'),
      )
      .finally(() => (this.#tidying = undefined));
    return true;
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.#tidying;
  }

  async #tidy(): Promise<number> {
    let removed = 0;
    for (const index of await indexDirectories(new Transaction(this.world))) {
      for (let after: string | undefined = ''; after !== undefined && !this.stopped;) {
        const from: string = after;
        const step = await this.#commit((tx) => tidyIndex(tx, index, from, batch));
        removed += step.removed;
        after = step.next;
      }
    }
    return removed;
  }

  /**
   * Ends all leases of a mount, before it is unmounted: afterwards nothing could.
   * @throws StrongroomError `upstream` when one can't be ended yet; it is tried again in the background
   */
  async endMount(mountId: string): Promise<void> {
    for (;;) {
      const ids = await ofMount(new Transaction(this.world), mountId, parallel);
      if (ids.length === 0) return;
      const gone = await Promise.all(ids.map((id) => this.#end(id)));
      const left = gone.filter((how) => how !== 'ended').length;
      if (left > 0)
        throw new StrongroomError('upstream', `${left} leases of the mount can't be revoked yet: the log says why; they are tried again`);
    }
  }

  protected async round(): Promise<number> {
    const ids = await due(new Transaction(this.world), this.world.clock.now(), parallel);
    await Promise.all(ids.map((id) => this.#end(id)));
    return ids.length;
  }

  /** Ends one lease. `again`: it is to be ended once more. */
  async #end(id: string, force = false): Promise<'ended' | 'again' | 'failed'> {
    const { clock } = this.world;
    const lease = await this.#commit((tx) => beginEnding(tx, id, clock.now()));
    if (lease === undefined) return 'ended';
    try {
      await this.#revoke(lease);
    } catch (error) {
      if (force) {
        this.log.warn(
          { err: error, kind: lease.kind },
          'a lease could not be revoked and was forgotten, as was asked: what it stands for may go on',
        );
        await this.#change(id, (tx, now) => remove(tx, now));
        return 'ended';
      }
      const attempts = lease.attempts + 1;
      const wait = retryWaitMs(attempts);
      this.log.warn({ err: error, kind: lease.kind, attempts }, 'a lease could not be revoked; it will be tried again');
      await this.#change(id, (tx, now) => putOff(tx, now, { dueAt: clock.now() + wait, attempts, again: lease.again }));
      return 'failed';
    }
    await this.#change(id, (tx, now) =>
      lease.again ? putOff(tx, now, { dueAt: clock.now() + quarantineMs, attempts: 0, again: false }) : remove(tx, now),
    );
    return lease.again ? 'again' : 'ended';
  }

  async #revoke(lease: LeaseRecord): Promise<void> {
    const { rooms, clock, crypto } = this.world;
    const keys = crypto.of(lease.mountId);
    const now = clock.now();
    const { mount, engine, plan } = await this.#commit(async (tx) => {
      const at = await this.engineOf(tx, lease.mountId);
      const call = unrouted(at.mount, 'revoke-prepare', lease.kind, now, lease.data);
      const reply = await at.engine.room.call(call, mountWorld(tx, at.mount, keys));
      await applyReply(tx, at.mount, reply, now);
      return { ...at, plan: reply.carried };
    });
    await engine.room.call(unrouted(mount, 'revoke', lease.kind, now, plan), { fetch: rooms.fetchOf(mount), crypto: keys });
  }

  async #change(id: string, change: (tx: Transaction, lease: LeaseRecord) => unknown): Promise<void> {
    await this.#commit(async (tx) => {
      const lease = await readLease(tx, id);
      if (lease !== undefined) change(tx, lease);
    });
  }

  #commit<Result>(change: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return inTransaction(this.world, change, { urgent: true });
  }
}
