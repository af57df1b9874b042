/**
 * Ends leases: those that are over, those that were given up, and those that a crash left pending. Until a lease is known to be ended
 * outside it stays in storage and is tried again, later and later.
 */
import { retryWaitMs } from '@strongroom/sdk-plugin/hosting';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { mountWorld, unrouted } from '../runner/engine-call.ts';
import { applyReply } from './apply-reply.ts';
import { DueWork } from './due-work.ts';
import { beginEnding, due, extend, type LeaseRecord, ofMount, pending, putOff, readLease, remove, renewableLease } from './lease-store.ts';

/** Leases that are ended at the same time. */
const parallel = 16;
/**
 * After a step that may still have been running when its lease was ended, the lease is ended once more: longer after than any call may last,
 * and than the statement timeouts of what it may have called.
 */
const quarantineMs = 120_000;

/** Ends the leases of one unsealing. */
export class LeaseKeeper extends DueWork {
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

  /** Ends a lease that was given up, now. @throws StrongroomError `upstream` when it can't be ended yet; it is tried again */
  async end(id: string): Promise<void> {
    if ((await this.#end(id)) === 'failed')
      throw new StrongroomError('upstream', 'the lease can not be revoked yet: the log says why; it is tried again');
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
  async #end(id: string): Promise<'ended' | 'again' | 'failed'> {
    const { clock } = this.world;
    const lease = await this.#commit((tx) => beginEnding(tx, id, clock.now()));
    if (lease === undefined) return 'ended';
    try {
      await this.#revoke(lease);
    } catch (error) {
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
