/**
 * An engine or auth method mounted in memory, for its tests: routes as the host does, gives every call a transaction of its own that is kept
 * only when the handler returns, and has a clock that stands still. Input is what handlers see; it is not validated.
 */
import type { AuthMethodDefinition } from '../auth-method.ts';
import type { Context, EngineDefinition, MountInfo, Operation, Reply, Route, Verb } from '../engine.ts';
import type { Login } from '../login.ts';
import { cryptoClient } from '../serving/crypto-client.ts';
import { stringifyJson } from '../stringify-json.ts';
import { fillTemplate, matchRoute } from './match-route.ts';
import { MemoryCrypto } from './memory-crypto.ts';
import { MemoryPasswords } from './memory-passwords.ts';
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

const mounts = new WeakMap<Context, TestMount>();

/** The time of a context, without the note that it was asked for: for rooms, which send it with every call. */
export function clockOf(ctx: Context): number {
  return mounts.get(ctx)?.now ?? 0;
}

/** One mount. */
export class TestMount {
  /** The host's clock: milliseconds since 1970. */
  now = 1_700_000_000_000;
  /** Of the last call that reached a handler. */
  trace: CallTrace = { uncacheable: false, touched: [], promised: [] };
  /** What was hashed and verified. */
  readonly passwords: MemoryPasswords = new MemoryPasswords();
  private readonly crypto = new MemoryCrypto();
  private readonly engine: EngineDefinition | AuthMethodDefinition;
  private readonly mount: MountInfo;
  private readonly store = new Map<string, Uint8Array>();

  constructor(engine: EngineDefinition | AuthMethodDefinition, mount: MountInfo = { path: 'test/', options: {} }) {
    this.engine = engine;
    this.mount = mount;
  }

  /** What was committed. */
  get entries(): Entries {
    return this.store;
  }

  /** Tells whether a write to the path would be an update (true) or a create, as the host does. */
  exists(path: string): boolean {
    const match = this.find(path);
    const template = match?.route.exists;
    return template === undefined || this.store.has(fillTemplate(template, match?.params ?? {}));
  }

  /**
   * Calls the handler of a path below the mount.
   * @throws Error when no route or no such operation is there; whatever the handler throws
   */
  async call(verb: Verb, path: string, input: Readonly<Record<string, unknown>> = {}): Promise<Reply | undefined> {
    const directory = verb === 'list' || verb === 'scan' ? path.replace(/\/$/, '') : path;
    const match = this.find(directory);
    const found = match?.route[verb] ?? (verb === 'create' ? match?.route.update : undefined);
    if (!match || !found) throw new Error(`unsupported ${match ? 'operation' : 'path'}`);
    // The host validates input by the route's schema; tests hand over what it would have made of it.
    const operation = found as unknown as Operation<unknown, Record<string, never>>;
    const transaction = new MemoryTransaction(this.store);
    let uncacheable = false;
    const context = this.context(transaction, () => void (uncacheable = true));
    mounts.set(context, this);
    const reply = (await operation.handler(context, match.params, input as Record<string, never>)) ?? undefined;
    const promised = (found.reads ?? []).map((template) => fillTemplate(template, match.params));
    this.trace = { uncacheable, touched: transaction.touched, promised };
    transaction.commit();
    return reply;
  }

  /** The route of a path, its names without case lower-cased as the host does. */
  private find(path: string): { readonly template: string; readonly route: Route; readonly params: Record<string, string> } | undefined {
    const match = matchRoute(Object.keys(this.engine.routes), path);
    const route = match && this.engine.routes[match.template];
    if (match === undefined || route === undefined) return undefined;
    const params = Object.entries(match.params).map(([name, value]): [string, string] => [
      name,
      route.lowercase?.includes(name) === true ? value.toLowerCase() : value,
    ]);
    return { template: match.template, route, params: Object.fromEntries(params) };
  }

  private context(transaction: MemoryTransaction, uncacheable: () => void): Context {
    return {
      storage: transaction,
      passwords: this.passwords,
      mount: this.mount,
      crypto: cryptoClient((question) => this.crypto.answer(question), uncacheable),
      now: () => {
        uncacheable();
        return this.now;
      },
      random: (size) => new Uint8Array(size),
      caller: () => {
        uncacheable();
        return { displayName: 'test', entityId: '', policies: [] };
      },
      log: () => {},
    };
  }

  /** Who would be trying by this login, and who may. @throws Error when no login is there */
  loginOf(path: string, input: Readonly<Record<string, unknown>>): { readonly access: string; readonly alias: string } {
    const match = this.find(path);
    const template = match?.route.update?.alias;
    if (match === undefined || template === undefined) throw new Error('no login');
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    const alias = template.replace(/\{(\w+)\}/g, (_, name: string) => match.params[name] ?? text(input[name]));
    return { access: match.route.access ?? 'token', alias };
  }

  /** Logs in. @throws Error when the handler answers no login; whatever it throws */
  async logIn(path: string, input: Readonly<Record<string, unknown>>): Promise<Login> {
    const reply = await this.call('update', path, input);
    if (reply?.login === undefined) throw new Error('the handler answered no login');
    return reply.login;
  }

  /** Asks an auth method whether the token of a login may be renewed. @throws whatever it throws */
  async renew({ alias, displayName, policies, metadata = {}, data = {} }: Login): Promise<Login> {
    if (this.engine.kind !== 'auth-method') throw new Error('no auth method');
    const transaction = new MemoryTransaction(this.store);
    const login = await this.engine.renew(
      this.context(transaction, () => {}),
      { alias, displayName, policies, metadata, data },
    );
    transaction.commit();
    return login;
  }

  /** The data of `call`'s reply, as a client would parse it; undefined when there is none. */
  async data(verb: Verb, path: string, input?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const reply = await this.call(verb, path, input);
    return reply?.data === undefined ? undefined : JSON.parse(stringifyJson(reply.data));
  }
}
