/**
 * The contract of an engine: data plus small functions. `defineEngine` types the functions from the data.
 * A handler sees plain values, reaches the world through `ctx` alone, and may be restarted: it must have no effect of its own.
 */
import type { Crypto } from './crypto.ts';
import type { OpaqueJson } from './json.ts';
import type { Login } from './login.ts';
import type { LeaseKind, RotationKind, Rotations } from './outside.ts';
import type { Secret } from './secret.ts';
import type { Fields, InferFields } from './schema.ts';

/** Whatever JSON can say, with user JSON carried verbatim. */
export type Json = null | boolean | number | string | OpaqueJson | readonly Json[] | { readonly [name: string]: Json | undefined };

/** The mount's storage, inside this request's transaction: what a handler wrote, it reads back; nothing is kept unless it returns. */
export interface PluginStorage {
  /** The entry's bytes, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The entry's text. Rejects with RangeError when it is not UTF-8. In a component it costs less than to decode what `get` gives. */
  text(key: string): Promise<string | undefined>;
  /** Children of a directory ('' or 'a/b/'), in order, after `after` (exclusive), at most `limit` (default 1,000,000): `x` or `x/`. */
  list(directory: string, after?: string, limit?: number): Promise<readonly string[]>;
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** What `parse` makes of the entry, kept by the room until the entry changes. The result is shared: never change it. */
  derived<T>(key: string, parse: (value: Uint8Array) => T): Promise<T | undefined>;
}

/** Who is calling, as far as an engine may know. */
export interface Caller {
  readonly displayName: string;
  readonly entityId: string;
  readonly policies: readonly string[];
  /** Headers of the request by their lower-cased names: those that `passthrough_request_headers` of the mount names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The mount a handler runs for. */
export interface MountInfo {
  /** With its trailing slash: `secret/`. */
  readonly path: string;
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Hashes of passwords: argon2id, carried out by the host outside its event loop. Within a request that is restarted, what was
 * computed is not computed again.
 */
export interface Passwords {
  /** A salted hash in PHC form (`$argon2id$v=19$…`). The request is refused when the password is empty or no well-formed text. */
  hash(password: string | Secret): Promise<string>;
  /**
   * Whether the hash was made of this password. Without a hash it answers false after the same work: for users that don't exist, so
   * that nobody learns which do.
   */
  verify(password: string | Secret, hash: string | undefined): Promise<boolean>;
}

/** All an engine may touch. */
export interface Context {
  readonly storage: PluginStorage;
  readonly passwords: Passwords;
  readonly crypto: Crypto;
  readonly rotations: Rotations;
  readonly mount: MountInfo;
  /** Milliseconds since 1970 by the host's clock, the same within one request. Reading it makes the answer uncacheable unless the reply says `validUntil`. */
  now(): number;
  /** Random bytes from the host's generator. */
  random(size: number): Uint8Array;
  /** Reading it makes the answer uncacheable. */
  caller(): Caller;
  /** One line in the operator's log. Never a secret. */
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/** What a handler answers. `undefined` is 204 for a write, 404 for a read or list. */
export interface Reply {
  readonly data?: Json;
  readonly warnings?: readonly string[];
  /** Default 200. A 404 may carry data (KV v2's deleted versions). */
  readonly status?: number;
  /** The body, as it is, in place of the envelope of `data`: a certificate, a list of revocations. At most 16 MiB. Warnings are not sent. */
  readonly raw?: Uint8Array;
  /**
   * By lower-cased names: those of `replyHeaders` are sent, others where `allowed_response_headers` of the mount names them. `content-type` of `raw`
   * is `application/octet-stream` unless given.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer may be cached until then (ms since 1970) although the handler read `now()`. */
  readonly validUntil?: number;
  /** Seconds that whoever reads it may use it before asking again, of data that nothing has to end: no lease. 0: the mount's default TTL. */
  readonly leaseDuration?: number;
  /** Of an auth method's login operation: who it is. The host makes the token. */
  readonly login?: Login;
}

/** Headers that every reply may set: none that says who is asked, how long the body is, or what a browser may do. */
export const replyHeaders = [
  'content-type',
  'content-disposition',
  'cache-control',
  'etag',
  'last-modified',
  'link',
  'location',
  'replay-nonce',
  'retry-after',
  'www-authenticate',
] as const;

/** What a handler gives, at once or later. Nothing: 204 for a write, 404 for a read or list. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- a handler that only writes need not say that it answers nothing
export type Answered = Promise<Reply | undefined | void> | Reply | undefined | void;

/** The parameters of a route template: `data/{path+}` gives `{ path: string }`. */
export type Params<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name extends `${infer N}+` ? N : Name]: string } & Params<Rest>
  : unknown;

/**
 * A storage key that an entry names: the host looks up `at` in the JSON of that entry, puts what stands there into `key`, and sends the entry of that
 * key along. It is a guess: where it fails, or the handler wants another entry, the handler asks as it does without.
 */
export interface Follow {
  /** One of the operation's `reads`: an entry that is a JSON object or array, or whose first line is, of at most 4 KiB. */
  readonly from: string;
  /** A name of the object, or a position of the array, where a number or a text stands. */
  readonly at: string | number;
  /** Template of the key of the entry that is sent along, if it has at most 64 KiB; `{}` is what was found. */
  readonly key: string;
}

/** One operation of a route. `query` is for read, list, scan and delete; `body` for create, update and patch: a handler's third argument. */
export interface Operation<P, I extends Fields> {
  readonly summary?: string;
  readonly input?: I;
  /** Storage keys the handler will surely want, as templates (`meta/{path}`): they travel with the call, so that the usual request is one message each way. */
  readonly reads?: readonly string[];
  /** What those entries lead to travels with the call too: `{ from: 'meta/{path}', at: 'current', key: 'version/{path}/{}' }`. At most 4. */
  readonly follows?: readonly Follow[];
  /** Makes it a login (auth methods only): who is trying, as a template over parameters and fields (`{username}`). See `defineAuthMethod`. */
  readonly alias?: string;
  /** What reaches outside the server is made by `outside` instead. */
  readonly handler: (ctx: Context, params: P, input: InferFields<I>) => Answered;
}

/** The verbs a route can have. `update` serves create too unless `create` is given. */
export const verbs = ['create', 'read', 'update', 'patch', 'delete', 'list', 'scan'] as const;
/** One of `verbs`. */
export type Verb = (typeof verbs)[number];

/** A route: what every operation on it shares. */
export interface RouteBase {
  readonly summary: string;
  /** Who may come here at all: `token` (default) is decided by policies, `sudo` needs the sudo capability besides, `public` needs no token. */
  readonly access?: 'public' | 'token' | 'sudo';
  /** Template of the storage key whose presence tells update from create. Without it every write is an update. */
  readonly exists?: string;
  /** Parameters that are names without case: the host lower-cases them in the path, before policies are asked. */
  readonly lowercase?: readonly string[];
}

/** A route as the host sees it, its types erased. */
export type Route = RouteBase & { readonly [V in Verb]?: Operation<never, never> };

/** Work in the background, in transactions of its own; once the engine has been used since the server was unsealed. */
export interface Job {
  /** Seconds between the end of one run and the next. */
  readonly every: number;
  /** Does a bounded part of the work; `more` when it is to go on at once, in another transaction. May be restarted, as handlers are. */
  readonly run: (ctx: Context) => Promise<'more' | void> | 'more' | void;
}

/** An engine as the host sees it. */
export interface EngineDefinition {
  readonly kind: 'engine';
  readonly name: string;
  readonly version: string;
  /** `node`: runs in threads only. */
  readonly needs?: readonly 'node'[];
  /** Templates of paths below the mount: `{name}` is one segment, `{name+}` the rest. The most literal template wins. */
  readonly routes: Readonly<Record<string, Route>>;
  /** Work that the host starts by itself, for each mount. */
  readonly jobs?: Readonly<Record<string, Job>>;
  /**
   * What brings a mount's storage to a version (its key, `major.minor.patch`), each a transaction of its own: run once for each mount, in the
   * order of versions, for those above the version that the mount was last served by, before any call.
   */
  readonly migrations?: Readonly<Record<string, (ctx: Context) => Promise<void> | void>>;
  /** Kinds of leases that its operations ask for. */
  readonly leases?: Readonly<Record<string, LeaseKind>>;
  /** Kinds of credentials that its handlers have rotated by `ctx.rotations`. */
  readonly rotations?: Readonly<Record<string, RotationKind<never>>>;
}

/** Types a route's handlers from its template and schemas. */
export function route<
  const T extends string,
  C extends Fields,
  R extends Fields,
  U extends Fields,
  PA extends Fields,
  D extends Fields,
  L extends Fields,
  S extends Fields,
>(
  template: T,
  definition: RouteBase & {
    readonly create?: Operation<Params<T>, C>;
    readonly read?: Operation<Params<T>, R>;
    readonly update?: Operation<Params<T>, U>;
    readonly patch?: Operation<Params<T>, PA>;
    readonly delete?: Operation<Params<T>, D>;
    readonly list?: Operation<Params<T>, L>;
    readonly scan?: Operation<Params<T>, S>;
  },
): Readonly<Record<T, Route>> {
  // The host calls each handler only with what its own schema and template allow: that is what makes the erasure sound.
  return { [template]: definition } as unknown as Readonly<Record<T, Route>>;
}

/** Declares an engine: the default export of a plugin's module. */
export function defineEngine(definition: Omit<EngineDefinition, 'kind'>): EngineDefinition {
  return { kind: 'engine', ...definition };
}
