/** What a test mount rotates: the steps that a server runs, by the mount's clock. */
import {
  afterCreate,
  afterFailure,
  afterFinish,
  afterRetire,
  afterStep,
  changedRotation,
  isRotationOver,
  nextRotationStep,
  retryWaitMs,
  rotationDueAt,
  rotationFault,
  type RotationState,
} from '../hosting/index.ts';
import type { RotationOutline } from '../serving/outline.ts';
import type { MountCalls } from './mount-calls.ts';

/** A rotated credential. Moments in milliseconds since 1970. */
export interface TestRotation {
  readonly name: string;
  /** As the plugin calls it. */
  readonly kind: string;
  /** What is kept of the credential in force. */
  readonly data: unknown;
  /** How far the next one has come; `stopped`: what is left is to be retired. */
  readonly step: 'idle' | 'created' | 'set' | 'tested' | 'stopped';
  readonly nextAt: number;
  /** What is kept of credentials that are still to be retired. */
  readonly retiring: readonly unknown[];
  /** Why the step could not be done yet. */
  readonly failure?: string;
}

/** Keeps and runs them. */
export class TestRotations {
  readonly #calls: MountCalls;
  /** Kinds of the plugin that is mounted. */
  outlines: Readonly<Record<string, RotationOutline>> = {};
  readonly #kept = new Map<string, RotationState>();
  /** Why the last step failed, by name. */
  readonly #failures = new Map<string, string>();

  constructor(calls: MountCalls) {
    this.#calls = calls;
    calls.rotated = (changes) => {
      for (const change of changes) {
        const fault = rotationFault(change);
        if (fault !== undefined) throw new Error(`the engine asked for a malformed rotation: ${fault}`);
        const state = changedRotation(this.#kept.get(change.name), change, calls.now);
        if (state !== undefined) this.#put(change.name, state);
      }
    };
  }

  /** All that are kept. */
  get all(): readonly TestRotation[] {
    return [...this.#kept].map(([name, { kind, data, step, nextAt, retiring }]) => {
      const failure = this.#failures.get(name);
      return {
        name,
        kind,
        data: JSON.parse(data) as unknown,
        step,
        nextAt,
        retiring: retiring.map((old) => JSON.parse(old.data) as unknown),
        ...(failure === undefined ? {} : { failure }),
      };
    });
  }

  /** The one for which something has to be done first, and when. */
  next(): { readonly name: string; readonly dueAt: number } | undefined {
    return [...this.#kept].map(([name, state]) => ({ name, dueAt: rotationDueAt(state) })).toSorted((a, b) => a.dueAt - b.dueAt)[0];
  }

  /** Does what is due of one. @throws what the plugin throws: it is tried again when time passes */
  async advance(name: string): Promise<void> {
    try {
      while (await this.#step(name)) this.#failures.delete(name);
    } catch (error) {
      this.#change(name, (state) => afterFailure(state, this.#calls.now, retryWaitMs));
      this.#failures.set(name, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #step(name: string): Promise<boolean> {
    const state = this.#kept.get(name);
    const step = state && nextRotationStep(state, this.#calls.now);
    if (state === undefined || step === undefined) return false;
    const { kind, data } = state;
    const asked = { what: `${step.run} ${kind}`, phase: `rotation-${step.run}`, name: kind } as const;
    switch (step.run) {
      case 'retire':
        await this.#calls.outside({ ...asked, carried: step.old.data });
        this.#change(name, (now) => afterRetire(now, step.old));
        return true;
      case 'create': {
        const { reply } = await this.#calls.transact({ ...asked, carried: data });
        this.#change(name, (now) => afterCreate(now, reply.carried ?? 'null'));
        return true;
      }
      case 'set':
      case 'test':
        await this.#calls.outside({ ...asked, carried: step.next });
        this.#change(name, (now) => afterStep(now, step.run, step.next));
        return true;
      case 'finish':
      default:
        await this.#calls.transact({ ...asked, carried: `[${step.next},${data}]` });
        this.#change(name, (now) => afterFinish(now, step.next, this.outlines[kind]?.retires === true, this.#calls.now));
        return true;
    }
  }

  /** By what is kept now: the step may have changed it itself. */
  #change(name: string, change: (state: RotationState) => RotationState): void {
    const state = this.#kept.get(name);
    if (state !== undefined) this.#put(name, change(state));
  }

  #put(name: string, state: RotationState): void {
    if (isRotationOver(state)) this.#kept.delete(name);
    else this.#kept.set(name, state);
  }
}
