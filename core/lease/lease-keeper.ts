/**
 * Ends leases: those that are over, those that were given up, and those that a crash left pending. Until a lease is known to be ended
 * outside it stays in storage and is tried again, later and later.
 */
import type { Logger } from 'pino';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Clock } from '../identity/clock.ts';
import { type Mount, readMounts } from '../mounts/mount-table.ts';
import { mountWorld, unrouted } from '../runner/engine-call.ts';
import type { PluginCrypto } from '../runner/plugin-crypto.ts';
import type { Engine, Rooms } from '../runner/rooms.ts';
import { applyReply } from './apply-reply.ts';
import { beginEnding, due, extend, type LeaseRecord, ofMount, pending, putOff, readLease, remove, renewableLease } from './lease-store.ts';

/** What a keeper works with. */
export interface LeaseWorld extends Vault {
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly crypto: PluginCrypto;
}

/** Leases that are ended at the same time. */
const parallel = 16;
const retryMs = { first: 1000, max: 3_600_000 } as const;
/**
 * After a step that may still have been running when its lease was ended, the lease is ended once more: longer after than any call may last,
 * and than the statement timeouts of what it may have called.
 */
const quarantineMs = 120_000;

/** Ends the leases of one unsealing. */
export class LeaseKeeper {
  readonly #world: LeaseWorld;
  readonly #log: Logger;
  #running: Promise<void> | undefined;
  #asked = false;
  #stopped = false;

  constructor(world: LeaseWorld, log: Logger) {
    this.#world = world;
    this.#log = log;
  }

  /** Gives up what a crash left pending, and begins to end it. */
  async start(): Promise<void> {
    for (;;) {
      const left = await this.#commit((tx) => pending(tx, 500));
      for (const id of left) await this.giveUp(id);
      if (left.length === 0) break;
    }
  }

  /** Ends after what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Gives a lease up; it is ended in the background. Resolves when no answer can use it any more. */
  async giveUp(id: string): Promise<void> {
    await this.#commit((tx) => beginEnding(tx, id, this.#world.clock.now()));
    this.wake();
  }

  /**
   * Makes a lease last longer, outside first. @param increment seconds from now; 0: what it was issued for
   * @throws StrongroomError `invalid` when it can't be renewed; whatever the engine throws
   */
  async renew(id: string, increment: number): Promise<LeaseRecord> {
    const { rooms, clock, crypto } = this.#world;
    const now = clock.now();
    const { lease, seconds, mount, engine, plan } = await this.#commit(async (tx) => {
      const found = await renewableLease(tx, id, now);
      const wanted = increment > 0 ? increment : found.ttl;
      const granted = Math.min(wanted, Math.floor((found.maxAt - now) / 1000));
      const at = await this.#engineOf(tx, found);
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

  async #engineOf(tx: Transaction, { mountId }: LeaseRecord): Promise<{ readonly mount: Mount; readonly engine: Engine }> {
    const mount = (await readMounts(tx)).mounts.find(({ id }) => id === mountId);
    // Unmounting ends its leases first.
    if (mount === undefined) throw new StrongroomError('internal', 'the mount of a lease is gone');
    return { mount, engine: await this.#world.rooms.engine(mount.type, mount.class, mount.isolation) };
  }

  /** Ends a lease that was given up, now. @throws StrongroomError `upstream` when it can't be ended yet; it is tried again */
  async end(id: string): Promise<void> {
    if ((await this.#end(id)) === 'failed')
      throw new StrongroomError('upstream', 'the lease can not be revoked yet: the log says why; it is tried again');
  }

  /** Looks for leases that are due. */
  wake(): void {
    this.#asked = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing that was due is left. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /**
   * Ends all leases of a mount, before it is unmounted: afterwards nothing could.
   * @throws StrongroomError `upstream` when one can't be ended yet; it is tried again in the background
   */
  async endMount(mountId: string): Promise<void> {
    for (;;) {
      const ids = await ofMount(new Transaction(this.#world), mountId, parallel);
      if (ids.length === 0) return;
      const gone = await Promise.all(ids.map((id) => this.#end(id)));
      const left = gone.filter((how) => how !== 'ended').length;
      if (left > 0)
        throw new StrongroomError('upstream', `${left} leases of the mount can't be revoked yet: the log says why; they are tried again`);
    }
  }

  async #run(): Promise<void> {
    while (this.#asked && !this.#stopped) {
      this.#asked = false;
      try {
        const ids = await due(new Transaction(this.#world), this.#world.clock.now(), parallel);
        await Promise.all(ids.map((id) => this.#end(id)));
        // More may be due; those that failed were put off.
        if (ids.length > 0) this.#asked = true;
      } catch (error) {
        this.#log.error({ err: error }, 'ending leases failed; it will be tried again');
      }
    }
  }

  /** Ends one lease. `again`: it is to be ended once more. */
  async #end(id: string): Promise<'ended' | 'again' | 'failed'> {
    const { clock } = this.#world;
    const lease = await this.#commit((tx) => beginEnding(tx, id, clock.now()));
    if (lease === undefined) return 'ended';
    try {
      await this.#revoke(lease);
    } catch (error) {
      const attempts = lease.attempts + 1;
      const wait = Math.min(retryMs.max, retryMs.first * 2 ** Math.min(attempts - 1, 20));
      this.#log.warn({ err: error, kind: lease.kind, attempts }, 'a lease could not be revoked; it will be tried again');
      await this.#change(id, (tx, now) => putOff(tx, now, { dueAt: clock.now() + wait, attempts, again: lease.again }));
      return 'failed';
    }
    await this.#change(id, (tx, now) =>
      lease.again ? putOff(tx, now, { dueAt: clock.now() + quarantineMs, attempts: 0, again: false }) : remove(tx, now),
    );
    return lease.again ? 'again' : 'ended';
  }

  async #revoke(lease: LeaseRecord): Promise<void> {
    const { rooms, clock, crypto } = this.#world;
    const keys = crypto.of(lease.mountId);
    const now = clock.now();
    const { mount, engine, plan } = await this.#commit(async (tx) => {
      const at = await this.#engineOf(tx, lease);
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
    return inTransaction(this.#world, change, { urgent: true });
  }
}
