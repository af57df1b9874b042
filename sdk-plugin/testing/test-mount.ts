/**
 * An engine mounted in memory, for its tests: routes as the host does, gives every call a transaction of its own that is kept
 * only when the handler returns, and has a clock that stands still. Input is what handlers see; it is not validated.
 */
import type { Context, EngineDefinition, MountInfo, Operation, Reply, Verb } from '../engine.ts';
import { stringifyJson } from '../stringify-json.ts';
import { fillTemplate, matchRoute } from './match-route.ts';
import { MemoryTransaction, type Entries } from './memory-storage.ts';

/** What a call looked at. */
export interface CallTrace {
  /** The handler read the clock or the caller: its answer is cacheable only if it says `validUntil`. */
  readonly uncacheable: boolean;
  /** Storage keys and directories read, in order. */
  readonly touched: readonly string[];
  /** Those that the route's `reads` promised. */
  readonly promised: readonly string[];
}

/** One mount. */
export class TestMount {
  /** The host's clock: milliseconds since 1970. */
  now = 1_700_000_000_000;
  /** Of the last call that reached a handler. */
  trace: CallTrace = { uncacheable: false, touched: [], promised: [] };
  private readonly engine: EngineDefinition;
  private readonly mount: MountInfo;
  private readonly store = new Map<string, Uint8Array>();

  constructor(engine: EngineDefinition, mount: MountInfo = { path: 'test/', options: {} }) {
    this.engine = engine;
    this.mount = mount;
  }

  /** What was committed. */
  get entries(): Entries {
    return this.store;
  }

  /** Tells whether a write to the path would be an update (true) or a create, as the host does. */
  exists(path: string): boolean {
    const match = matchRoute(Object.keys(this.engine.routes), path);
    const template = match && this.engine.routes[match.template]?.exists;
    return template === undefined || this.store.has(fillTemplate(template, match?.params ?? {}));
  }

  /**
   * Calls the handler of a path below the mount.
   * @throws Error when no route or no such operation is there; whatever the handler throws
   */
  async call(verb: Verb, path: string, input: Readonly<Record<string, unknown>> = {}): Promise<Reply | undefined> {
    const directory = verb === 'list' || verb === 'scan' ? path.replace(/\/$/, '') : path;
    const match = matchRoute(Object.keys(this.engine.routes), directory);
    const route = match && this.engine.routes[match.template];
    const found = route?.[verb] ?? (verb === 'create' ? route?.update : undefined);
    if (!match || !found) throw new Error(`unsupported ${route ? 'operation' : 'path'}`);
    // The host validates input by the route's schema; tests hand over what it would have made of it.
    const operation = found as unknown as Operation<unknown, Record<string, never>>;
    const transaction = new MemoryTransaction(this.store);
    let uncacheable = false;
    const context: Context = {
      storage: transaction,
      mount: this.mount,
      now: () => {
        uncacheable = true;
        return this.now;
      },
      random: (size) => new Uint8Array(size),
      caller: () => {
        uncacheable = true;
        return { displayName: 'test', entityId: '', policies: [] };
      },
      log: () => {},
    };
    const reply = (await operation.handler(context, match.params, input as Record<string, never>)) ?? undefined;
    const promised = (found.reads ?? []).map((template) => fillTemplate(template, match.params));
    this.trace = { uncacheable, touched: transaction.touched, promised };
    transaction.commit();
    return reply;
  }

  /** The data of `call`'s reply, as a client would parse it; undefined when there is none. */
  async data(verb: Verb, path: string, input?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const reply = await this.call(verb, path, input);
    return reply?.data === undefined ? undefined : JSON.parse(stringifyJson(reply.data));
  }
}
