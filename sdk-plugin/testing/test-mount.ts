/**
 * A plugin mounted in memory, for its tests: everything that a server does with it, by the code that serves it there. Paths and input are read by the
 * plugin's outline; every call has a transaction of its own, is given up at each of its reads and begun anew, and must then give the same result;
 * leases end by a clock that stands still until it is moved.
 */
import type { Caller, Verb } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { compareVersions, fillTemplate, migrationsBetween, readInput, RouteTable } from '../hosting/index.ts';
import { OpaqueJson } from '../json.ts';
import type { Login } from '../login.ts';
import type { EngineOutline, OperationOutline, RouteOutline } from '../serving/outline.ts';
import { outlineOf } from '../serving/outline.ts';
import { stringifyJson } from '../stringify-json.ts';
import type { MemoryPasswords } from './memory-passwords.ts';
import type { Entries } from './memory-store.ts';
import { type Asked, MountCalls, type TestFetch } from './mount-calls.ts';
import { type TestLease, TestLeases } from './test-leases.ts';
import { type TestRotation, TestRotations } from './test-rotations.ts';
import { TestReply } from './test-reply.ts';
import { type Plugin, TestRoom } from './test-room.ts';

export type { Entries } from './memory-store.ts';
export type { MemoryPasswords } from './memory-passwords.ts';
export type { TestFetch } from './mount-calls.ts';
export { RestartError } from './restarts.ts';
export type { LeaseBounds } from '../hosting/index.ts';
export type { TestLease } from './test-leases.ts';
export type { TestRotation } from './test-rotations.ts';
export type { TestReply } from './test-reply.ts';
export { type OpenRoom, type Plugin, runIn } from './test-room.ts';

/** How a plugin is mounted; all optional. */
export interface TestMountOptions {
  /** With its trailing slash; default `test/`. */
  readonly path?: string;
  /** Of the mount's config. */
  readonly options?: Readonly<Record<string, string>>;
  /** Who calls. */
  readonly caller?: Partial<Caller>;
  /** Answers what `execute`, `revoke` and `renew` ask outside; by default no host is allowed. */
  readonly fetch?: TestFetch;
  /** Seconds; default 768 hours. */
  readonly defaultLeaseTtl?: number;
  readonly maxLeaseTtl?: number;
  /** false: calls are run once, which is faster, and hides what can't stand a restart. */
  readonly restarts?: boolean;
}

/** What a call looked at. */
export interface CallTrace {
  /** It read the clock, the caller or randomness: its answer is cacheable only if it says `validUntil`. */
  readonly uncacheable: boolean;
  /** Storage keys and directories that it asked for, in order: those that the operation's `reads` and `follows` name had come with the call. */
  readonly asked: readonly string[];
}

/** What a client sends: data, `OpaqueJson` for text that is to arrive as it is. */
export type TestInput = Readonly<Record<string, unknown>>;

const vaultsTtl = 2_764_800;
/** Transactions of one job in a row, as the host has it. */
const jobStepsMax = 100;

interface Found {
  readonly route: RouteOutline;
  readonly params: Readonly<Record<string, string>>;
}

/** One mount. */
export class TestMount {
  /** Of the last call that reached a handler. */
  trace: CallTrace = { uncacheable: false, asked: [] };
  readonly #calls: MountCalls;
  readonly #leases: TestLeases;
  readonly #rotations: TestRotations;
  readonly #path: string;
  /** When each job has ended last. */
  readonly #ranAt = new Map<string, number>();
  #plugin: Plugin;
  #outline: EngineOutline;
  #routes: RouteTable<RouteOutline>;

  /** @throws PluginError for templates that contradict each other */
  constructor(plugin: Plugin, mount: TestMountOptions = {}) {
    const { path = 'test/', options = {}, caller, fetch, restarts = true, defaultLeaseTtl = vaultsTtl, maxLeaseTtl = vaultsTtl } = mount;
    const facts = {
      info: { path, options },
      caller: { displayName: 'test', entityId: '', policies: [], headers: {}, ...caller },
      restarts,
    };
    this.#calls = new MountCalls(plugin, facts);
    this.#leases = new TestLeases(this.#calls, { defaultTtl: defaultLeaseTtl, maxTtl: maxLeaseTtl });
    this.#rotations = new TestRotations(this.#calls);
    this.#path = path;
    this.#plugin = plugin;
    this.#outline = outlineOf(plugin);
    this.#rotations.outlines = this.#outline.rotations;
    this.#routes = new RouteTable(this.#outline.routes);
    if (fetch !== undefined) this.fetch = fetch;
  }

  /** The host's clock: milliseconds since 1970. Setting it makes nothing happen; `advance` does. */
  get now(): number {
    return this.#calls.now;
  }

  set now(now: number) {
    this.#calls.now = now;
  }

  /** Answers what the plugin asks outside. */
  get fetch(): TestFetch {
    return this.#calls.fetch;
  }

  set fetch(fetch: TestFetch) {
    this.#calls.fetch = fetch;
  }

  /** What was hashed and verified. */
  get passwords(): MemoryPasswords {
    return this.#calls.passwords;
  }

  /** What was committed. */
  get entries(): Entries {
    return this.#calls.store.entries;
  }

  /** Leases that are not known to be ended. */
  get leases(): readonly TestLease[] {
    return this.#leases.all;
  }

  /** What is rotated. */
  get rotations(): readonly TestRotation[] {
    return this.#rotations.all;
  }

  /** What the plugin logged, line by line. */
  get log(): readonly string[] {
    return this.#calls.room.logged.map(({ level, message }) => `${level} ${message}`);
  }

  /** Writes an entry, or deletes it, as if the plugin had: what an older version left, or a damage. */
  put(key: string, value: Uint8Array | undefined): void {
    this.#calls.store.write({ key, value });
  }

  /** Tells whether a write to the path would be an update (true) or a create. */
  exists(path: string): boolean {
    const found = this.#find(path, false);
    const template = found?.route.exists;
    return template === undefined || this.entries.has(fillTemplate(template, found?.params ?? {}));
  }

  /**
   * Sends a request to a path below the mount. Whether a write is a create or an update is decided as in a server.
   * @returns nothing where a client would get an empty answer: 204 for a write, 404 for a read or list
   * @throws PluginError with the code and message that a client would get; Error for faults of the plugin; RestartError
   */
  async call(verb: Verb, path: string, input: TestInput = {}): Promise<TestReply | undefined> {
    const listing = verb === 'list' || verb === 'scan';
    const found = this.#find(listing ? path.replace(/\/$/, '') : path, listing);
    if (found === undefined) throw new PluginError('missing', 'unsupported path');
    const { route, params } = found;
    const decided = verb !== 'update' && verb !== 'create' ? verb : this.exists(path) ? 'update' : 'create';
    const operation = route.verbs[decided] ?? (decided === 'create' ? route.verbs.update : undefined);
    if (operation === undefined) throw new PluginError('unsupported', 'unsupported operation');
    const asked = {
      what: `${verb} ${path}`,
      template: route.template,
      verb: route.verbs[decided] === undefined ? 'update' : decided,
      params,
      input: crossing(operation, input),
      along: operation,
    } as const;
    return operation.outside ? this.#steps(path, asked, operation) : this.#finish({ ...asked, phase: 'handle' }, operation, undefined);
  }

  /** The data of `call`'s reply; undefined when there is none. */
  async data(verb: Verb, path: string, input?: TestInput): Promise<unknown> {
    return (await this.call(verb, path, input))?.data;
  }

  async #steps(path: string, asked: Omit<Asked, 'phase'>, operation: OperationOutline): Promise<TestReply | undefined> {
    const { reply } = await this.#calls.transact({ ...asked, phase: 'prepare' });
    const plan = reply.carried ?? 'null';
    const lease = reply.lease && this.#leases.pend(`${this.#path}${path}`, reply.lease, this.#outline.leases);
    const { along: _, ...rest } = asked;
    const step = { ...rest, input: {} };
    try {
      const { carried = 'null' } = await this.#calls.outside({ ...step, phase: 'execute', carried: plan });
      return await this.#finish({ ...step, phase: 'finish', carried: `[${plan},${carried}]` }, operation, lease);
    } catch (error) {
      // What could not be revoked now is in `leases`, and is tried again.
      if (lease !== undefined) await this.#leases.revoke(lease).catch(() => {});
      throw error;
    }
  }

  async #finish(asked: Asked, operation: OperationOutline, lease: string | undefined): Promise<TestReply | undefined> {
    const { reply: message, asked: keys } = await this.#calls.transact(asked);
    const { reply, uncacheable } = message;
    this.trace = { uncacheable, asked: keys };
    if (reply?.login !== undefined && operation.alias === undefined)
      throw new Error(`${asked.what}: the plugin answered a login where it declares none (field alias)`);
    const active = lease === undefined ? undefined : this.#leases.activate(lease);
    return reply === undefined && active === undefined ? undefined : new TestReply(reply ?? {}, active);
  }

  /** The route of a path, its names without case lower-cased. */
  #find(path: string, listing: boolean): Found | undefined {
    const match = this.#routes.match(path, listing);
    if (match === undefined) return undefined;
    const { route } = match;
    const params = Object.entries(match.params).map(([name, value]) => [
      name,
      route.lowercase.includes(name) ? value.toLowerCase() : value,
    ]);
    return { route, params: Object.fromEntries(params) as Record<string, string> };
  }

  /** Who would be trying by this login, and who may. @throws Error when no login is there */
  loginOf(path: string, input: TestInput): { readonly access: string; readonly alias: string } {
    const found = this.#find(path, false);
    const template = found?.route.verbs.update?.alias;
    if (found === undefined || template === undefined) throw new Error('no login');
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return {
      access: found.route.access,
      alias: template.replace(/\{(\w+)\}/g, (_, name: string) => found.params[name] ?? text(input[name])),
    };
  }

  /** Logs in. @throws Error when the handler answers no login; whatever `call` throws */
  async logIn(path: string, input: TestInput): Promise<Login> {
    const reply = await this.call('update', path, input);
    if (reply?.login === undefined) throw new Error('the handler answered no login');
    return reply.login;
  }

  /** Asks an auth method whether the token of a login may be renewed. @throws whatever it throws */
  async renew({ alias, displayName, policies, metadata = {}, data = {} }: Login): Promise<Login> {
    if (this.#plugin.kind !== 'auth-method') throw new Error('no auth method');
    const carried = JSON.stringify({ alias, displayName, policies, metadata, data });
    const { reply } = await this.#calls.transact({ what: `renewal of ${alias}`, phase: 'login-renew', carried });
    if (reply.reply?.login === undefined) throw new Error('the renewal answered no login');
    return reply.reply.login;
  }

  /** Revokes a lease before its time. @throws what `revoke` throws: it is tried again when time passes */
  async revokeLease({ id }: TestLease): Promise<void> {
    await this.#leases.revoke(id);
  }

  /** Renews a lease, by seconds from now (0: what it was issued for), up to its maximum. @throws PluginError `invalid` when it can't be; what `renew` throws */
  renewLease({ id, kind }: TestLease, seconds: number): Promise<TestLease> {
    return this.#leases.renew(id, seconds, this.#outline.leases[kind]);
  }

  /** Does what is due of a rotation. @throws what its steps throw: they are tried again when time passes */
  rotate(name: string): Promise<void> {
    return this.#rotations.advance(name);
  }

  /** Runs a job until it has nothing more to do. @returns its transactions @throws Error when it does not end; what it throws */
  async runJob(name: string): Promise<number> {
    for (let steps = 1; steps <= jobStepsMax; steps++) {
      const { reply } = await this.#calls.transact({ what: `job ${name}`, phase: 'job', name });
      this.#ranAt.set(name, this.now);
      if (reply.more !== true) return steps;
    }
    throw new Error(`job ${name}: after ${jobStepsMax} transactions it still wants more`);
  }

  /**
   * Lets time pass: ends the leases that become due, rotates, and runs the jobs, each at its moment. Leases that can't be ended stay in `leases`, with their
   * `failure`, and are tried again later and later; so are rotations, in `rotations`.
   * @throws what a job throws
   */
  async advance(seconds: number): Promise<void> {
    const until = this.now + seconds * 1000;
    for (;;) {
      const lease = this.#leases.next();
      const job = this.#nextJob();
      const rotated = this.#rotations.next();
      const dues = [lease, job, rotated].map((next) => next?.dueAt ?? Number.POSITIVE_INFINITY);
      const dueAt = Math.max(this.now, Math.min(...dues));
      if (dueAt > until) break;
      this.now = dueAt;
      if (lease !== undefined && lease.dueAt <= dueAt) await this.#leases.revoke(lease.id).catch(() => {});
      else if (rotated !== undefined && rotated.dueAt <= dueAt) await this.#rotations.advance(rotated.name).catch(() => {});
      else if (job !== undefined) await this.runJob(job.name);
    }
    this.now = until;
  }

  #nextJob(): { readonly name: string; readonly dueAt: number } | undefined {
    return Object.entries(this.#outline.jobs)
      .map(([name, every]) => ({ name, dueAt: (this.#ranAt.get(name) ?? this.now - every * 1000) + every * 1000 }))
      .toSorted((a, b) => a.dueAt - b.dueAt)[0];
  }

  /**
   * Serves the mount by another version of the plugin from now on, its migrations first, in order.
   * @throws Error for a version that is older; what a migration throws
   */
  async upgrade(plugin: Plugin): Promise<void> {
    const before = this.#outline.version;
    const outline = outlineOf(plugin);
    if (compareVersions(outline.version, before) < 0)
      throw new Error(`mount ${this.#path}: version ${before} of ${outline.name} has served it, and this is ${outline.version}`);
    this.#plugin = plugin;
    this.#outline = outline;
    this.#rotations.outlines = outline.rotations;
    this.#routes = new RouteTable(outline.routes);
    this.#calls.room = new TestRoom(plugin);
    for (const to of migrationsBetween(outline.migrations, before, outline.version))
      await this.#calls.transact({ what: `migration to ${to}`, phase: 'migrate', name: to });
  }
}

/** The input of an operation as it crosses: checked, and fields of user JSON as their text. @throws PluginError `invalid` naming the field */
function crossing({ input: fields }: OperationOutline, sent: TestInput): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(sent)) {
    if (value === undefined) continue;
    const text = value instanceof OpaqueJson ? value.text : stringifyJson(value as never);
    texts[name] = text;
    values[name] = JSON.parse(text);
  }
  const members = Object.entries(texts).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  const json = members.length === 0 ? undefined : `{${members.join()}}`;
  const read = readInput(fields, { value: (name) => values[name], text: (name) => texts[name], json });
  return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, value instanceof OpaqueJson ? value.text : value]));
}
