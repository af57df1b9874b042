/**
 * Runs an engine's calls inside its room, whatever the room is: messages in, messages out. It touches nothing of Node, so that threads and
 * sandboxes run the very same code.
 */
import type { AuthMethodDefinition } from '../auth-method.ts';
import type { Answered, EngineDefinition, MountInfo } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { isThenable } from '../upon.ts';
import { Call, type CallHome } from './call.ts';
import type { CallMessage, FromWorker, ToWorker } from './messages.ts';
import type { Room } from './room.ts';
import type { Entries } from './turn.ts';
import { type Ran, runHandler, runStep } from './run-phase.ts';

/** Entries parsed by `derived` that a room keeps. */
const derivedMax = 10_000;
/** Mounts that a room keeps parsed. */
const mountsMax = 1000;

/** The calls of one engine. */
export class EngineServer implements CallHome {
  private readonly engine: EngineDefinition | AuthMethodDefinition;
  private readonly room: Room;
  private readonly calls = new Map<number, Call>();
  private readonly parsed = new Map<string, { readonly revision: number; readonly value: unknown }>();
  private readonly mounts = new Map<string, MountInfo>();

  constructor(engine: EngineDefinition | AuthMethodDefinition, room: Room) {
    this.engine = engine;
    this.room = room;
  }

  /** Begins a call, or goes on with one. */
  receive(message: ToWorker): void {
    if (message.kind === 'answer') {
      this.calls.get(message.call)?.answer(message);
      // Its handler stays where it waits: to forget it is the cheapest end.
      if (message.restart === true) this.calls.delete(message.call);
    } else this.run(message);
  }

  private run(message: CallMessage): void {
    const call = new Call(message, this, this.room);
    this.calls.set(message.call, call);
    try {
      if (message.phase === 'handle') this.settle(call, runHandler(this.engine, message, call), answered);
      else this.settle(call, runStep(this.engine, message, call), asRan);
    } catch (error) {
      this.fail(call, error);
    }
  }

  /** Ends a call with what came of it: at once if it is there. */
  private settle<T>(call: Call, given: Promise<T> | T, toRan: (given: T) => Ran): void {
    if (!isThenable(given)) return this.end(call, toRan(given));
    const done = this.room.fulfilled?.(given);
    if (done !== undefined) return this.end(call, toRan(done.value));
    Promise.resolve(given).then(
      (later) => this.end(call, toRan(later)),
      (error: unknown) => this.fail(call, error),
    );
  }

  private end(call: Call, { reply, carried }: Ran): void {
    try {
      call.end(reply, carried);
      this.calls.delete(call.message.call);
    } catch (error) {
      this.fail(call, error);
    }
  }

  private fail({ message: { call } }: Call, error: unknown): void {
    this.calls.delete(call);
    this.room.send(failure(call, error));
  }

  /** The mount of a call, parsed once per change. */
  mountInfo(text: string): MountInfo {
    let mount = this.mounts.get(text);
    if (mount === undefined) {
      if (this.mounts.size >= mountsMax) this.mounts.clear();
      // Written by the host.
      this.mounts.set(text, (mount = JSON.parse(text) as MountInfo));
    }
    return mount;
  }

  /** @throws Error for a kind that the engine does not declare */
  checkRotation(kind: string): void {
    if (!Object.hasOwn(this.engine.rotations ?? {}, kind))
      throw new Error(`the engine asked for a kind of rotation that it does not declare: ${kind}`);
  }

  /** What `parse` makes of an entry, kept until its revision moves. */
  derive<T>(entries: Entries, place: number, key: string, mountId: string, parse: (value: Uint8Array) => T): T | undefined {
    const name = `${mountId}/${key}`;
    const revision = entries.revision(place);
    const kept = this.parsed.get(name);
    // One key is always parsed by one function of the engine, so what is kept has its type.
    if (kept?.revision === revision) return kept.value as T;
    const bytes = entries.bytes(place);
    if (bytes === undefined) return undefined;
    const value = parse(bytes);
    this.parsed.delete(name);
    this.parsed.set(name, { revision, value });
    if (this.parsed.size > derivedMax) {
      const [oldest] = this.parsed.keys();
      if (oldest !== undefined) this.parsed.delete(oldest);
    }
    return value;
  }
}

function answered(reply: Awaited<Answered>): Ran {
  return { reply: reply ?? undefined };
}

function asRan(ran: Ran): Ran {
  return ran;
}

function failure(call: number, error: unknown): FromWorker {
  if (error instanceof PluginError) return { kind: 'failure', call, code: error.code, message: error.message };
  return { kind: 'failure', call, code: 'internal', message: 'internal error', report: reportOf(error) };
}

/** For the operator. Some engines' stacks begin with the message, others' have the places alone. */
function reportOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${typeof error}`;
  const { message, stack = '' } = error;
  return stack.includes(message) ? stack : `${error.name}: ${message}\n${stack}`;
}
