/**
 * Rotates credentials. Every step is recorded before the next, so that a crash goes on where it was; one that fails is tried again, later and later,
 * and the credential in force stays in force until the next one has been proved.
 */
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction } from '../barrier/transaction.ts';
import { mountWorld, unrouted } from '../runner/engine-call.ts';
import { applyReply } from './apply-reply.ts';
import { DueWork, retryWaitMs } from './due-work.ts';
import { dueRotations, readRotation, type RotationId, type RotationRecord, writeRotation } from './rotation-store.ts';

/** Credentials that are rotated at the same time. */
const parallel = 8;

type OutsidePhase = 'rotation-set' | 'rotation-test' | 'rotation-retire';

/** Rotates the credentials of one unsealing. */
export class RotationKeeper extends DueWork {
  protected async round(): Promise<number> {
    const ids = await dueRotations(new Transaction(this.world), this.world.clock.now(), parallel);
    await Promise.all(ids.map((id) => this.#advance(id)));
    return ids.length;
  }

  /** Does what is due of one credential, step by step. */
  async #advance(id: RotationId): Promise<void> {
    try {
      while (!this.stopped && (await this.#step(id)));
    } catch (error) {
      await this.#change(id, (tx, before) => {
        const attempts = before.attempts + 1;
        const wait = retryWaitMs(attempts);
        this.log.warn({ err: error, kind: before.kind, step: before.step, attempts }, 'a rotation has failed; it will be tried again');
        writeRotation(tx, before, { ...before, attempts, retryAt: this.world.clock.now() + wait });
      });
    }
  }

  /** Does the next step. Tells whether there may be another. */
  async #step(id: RotationId): Promise<boolean> {
    const now = this.world.clock.now();
    const record = await readRotation(new Transaction(this.world), id);
    if (record === undefined) return false;
    const old = record.retiring.find(({ at }) => at <= now);
    // Before another one comes, the last must be gone.
    const left = old ?? (record.step === 'idle' && record.nextAt <= now ? record.retiring[0] : undefined);
    if (left !== undefined) {
      await this.#outside(record, 'rotation-retire', left.data);
      return this.#change(id, (tx, before) => {
        const retiring = before.retiring.filter(({ data, at }) => data !== left.data || at !== left.at);
        writeRotation(tx, before, { ...before, retiring, attempts: 0 });
      });
    }
    const { next = 'null' } = record;
    switch (record.step) {
      case 'stopped':
        return false;
      case 'idle':
        return record.nextAt <= now && this.#create(id);
      case 'created':
        await this.#outside(record, 'rotation-set', next);
        return this.#reach(record, 'set');
      case 'set':
        await this.#outside(record, 'rotation-test', next);
        return this.#reach(record, 'tested');
      case 'tested':
      default:
        return this.#finish(id);
    }
  }

  #create(id: RotationId): Promise<boolean> {
    return this.#change(id, async (tx, before) => {
      if (before.step !== 'idle') return;
      const { carried = 'null' } = await this.#inside(tx, before, 'rotation-create', before.data);
      writeRotation(tx, before, { ...before, step: 'created', next: carried, attempts: 0 });
    });
  }

  #reach({ mountId, name, next }: RotationRecord, step: 'set' | 'tested'): Promise<boolean> {
    return this.#change({ mountId, name }, (tx, before) => {
      // It may have been stopped meanwhile, and then retires it.
      if (before.next === next && before.step !== 'stopped') writeRotation(tx, before, { ...before, step, attempts: 0 });
    });
  }

  #finish(id: RotationId): Promise<boolean> {
    return this.#change(id, async (tx, before) => {
      const { next, ...rest } = before;
      if (before.step !== 'tested' || next === undefined) return;
      const { engine } = await this.engineOf(tx, before.mountId);
      await this.#inside(tx, before, 'rotation-finish', `[${next},${before.data}]`);
      // `finish` may have changed or stopped it.
      const now = this.world.clock.now();
      const latest = (await readRotation(tx, id)) ?? before;
      const old = engine.outline.rotations[before.kind]?.retires === true ? [{ data: before.data, at: now + before.grace * 1000 }] : [];
      const { every, grace, step } = latest;
      const stopped = step === 'stopped';
      const retiring = [...(stopped ? latest.retiring.filter(({ data }) => data !== next) : latest.retiring), ...old];
      const nextAt = now + every * 1000;
      writeRotation(tx, latest, { ...rest, every, grace, data: next, step: stopped ? step : 'idle', retiring, nextAt, attempts: 0 });
    });
  }

  /** Runs a step in a transaction; what it wrote is in it. */
  async #inside(
    tx: Transaction,
    record: RotationRecord,
    phase: 'rotation-create' | 'rotation-finish',
    carried: string,
  ): Promise<ReplyMessage> {
    const { clock, crypto } = this.world;
    const { mount, engine } = await this.engineOf(tx, record.mountId);
    const reply = await engine.room.call(
      unrouted(mount, phase, record.kind, clock.now(), carried),
      mountWorld(tx, mount, crypto.of(mount.id)),
    );
    await applyReply(tx, mount, reply, clock.now());
    return reply;
  }

  /** Runs a step outside. */
  async #outside(record: RotationRecord, phase: OutsidePhase, carried: string): Promise<void> {
    const { clock, crypto, rooms } = this.world;
    const { mount, engine } = await this.engineOf(new Transaction(this.world), record.mountId);
    const call = unrouted(mount, phase, record.kind, clock.now(), carried);
    await engine.room.call(call, { fetch: rooms.fetchOf(mount), crypto: crypto.of(mount.id) });
  }

  /** Changes what is stored. Tells that there may be something to do. */
  async #change(id: RotationId, change: (tx: Transaction, before: RotationRecord) => Promise<void> | void): Promise<boolean> {
    await inTransaction(
      this.world,
      async (tx) => {
        const before = await readRotation(tx, id);
        if (before !== undefined) await change(tx, before);
      },
      { urgent: true },
    );
    return true;
  }
}
