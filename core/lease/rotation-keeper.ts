/**
 * Rotates credentials. Every step is recorded before the next, so that a crash goes on where it was; one that fails is tried again, later and later,
 * and the credential in force stays in force until the next one has been proved.
 */
import {
  afterCreate,
  afterFailure,
  afterFinish,
  afterRetire,
  afterStep,
  nextRotationStep,
  retryWaitMs,
  type RotationState,
} from '@strongroom/sdk-plugin/hosting';
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction } from '../barrier/transaction.ts';
import { mountWorld, unrouted } from '../runner/engine-call.ts';
import { applyReply } from './apply-reply.ts';
import { DueWork } from './due-work.ts';
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
      await this.#change(id, (state) => {
        const failed = afterFailure(state, this.world.clock.now(), retryWaitMs);
        const { kind, step, attempts } = failed;
        this.log.warn({ err: error, kind, step, attempts }, 'a rotation has failed; it will be tried again');
        return failed;
      });
    }
  }

  /** Does the next step. Tells whether there may be another. */
  async #step(id: RotationId): Promise<boolean> {
    const record = await readRotation(new Transaction(this.world), id);
    const step = record && nextRotationStep(record.state, this.world.clock.now());
    if (record === undefined || step === undefined) return false;
    switch (step.run) {
      case 'retire':
        await this.#outside(record, 'rotation-retire', step.old.data);
        await this.#change(id, (state) => afterRetire(state, step.old));
        return true;
      case 'create':
        await this.#create(id);
        return true;
      case 'set':
      case 'test':
        await this.#outside(record, `rotation-${step.run}`, step.next);
        await this.#change(id, (state) => afterStep(state, step.run, step.next));
        return true;
      case 'finish':
      default:
        await this.#finish(id, step.next);
        return true;
    }
  }

  #create(id: RotationId): Promise<void> {
    return this.#commit(async (tx) => {
      const before = await readRotation(tx, id);
      if (before?.state.step !== 'idle') return;
      const { carried = 'null' } = await this.#inside(tx, before, 'rotation-create', before.state.data);
      await write(tx, id, (state) => afterCreate(state, carried));
    });
  }

  #finish(id: RotationId, next: string): Promise<void> {
    return this.#commit(async (tx) => {
      const before = await readRotation(tx, id);
      if (before?.state.step !== 'tested' || before.state.next !== next) return;
      const { kind, data } = before.state;
      const { engine } = await this.engineOf(tx, id.mountId);
      await this.#inside(tx, before, 'rotation-finish', `[${next},${data}]`);
      const retires = engine.outline.rotations[kind]?.retires === true;
      await write(tx, id, (state) => afterFinish(state, next, retires, this.world.clock.now()));
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
      unrouted(mount, phase, record.state.kind, clock.now(), carried),
      mountWorld(tx, mount, crypto.of(mount.id)),
    );
    await applyReply(tx, mount, reply, clock.now());
    return reply;
  }

  /** Runs a step outside. */
  async #outside(record: RotationRecord, phase: OutsidePhase, carried: string): Promise<void> {
    const { clock, crypto, rooms } = this.world;
    const { mount, engine } = await this.engineOf(new Transaction(this.world), record.mountId);
    const call = unrouted(mount, phase, record.state.kind, clock.now(), carried);
    await engine.room.call(call, { fetch: rooms.fetchOf(mount), crypto: crypto.of(mount.id) });
  }

  #change(id: RotationId, change: (state: RotationState) => RotationState): Promise<void> {
    return this.#commit((tx) => write(tx, id, change));
  }

  #commit(work: (tx: Transaction) => Promise<void>): Promise<void> {
    return inTransaction(this.world, work, { urgent: true });
  }
}

/** Changes what is stored: a step that ran in the same transaction may have changed it too. */
async function write(tx: Transaction, id: RotationId, change: (state: RotationState) => RotationState): Promise<void> {
  const before = await readRotation(tx, id);
  if (before !== undefined) writeRotation(tx, id, before, change(before.state));
}
