/** Routes that the host itself serves (`sys/…`, `auth/token/…`): the same tables and schemas as those of plugins, with the host's own context. */
import type { Json, Params, schema, Verb } from '@strongroom/sdk-plugin';
import { verbs } from '@strongroom/sdk-plugin';
import type { KeyringChange } from '../barrier/keyring-change.ts';
import type { Transaction } from '../barrier/transaction.ts';
import type { StoredToken, TokenType } from '../identity/token.ts';
import { type FieldOutline, type OperationOutline } from '@strongroom/sdk-plugin/serving';
import type { Body } from './body.ts';
import type { Outcome } from './envelope.ts';
import type { Head } from './head.ts';
import type { Host, Unsealed } from './host.ts';
import type { Answer } from './incoming.ts';

/** The `auth` block of an answer. */
export interface AuthBlock {
  readonly clientToken: string;
  readonly tokenType: TokenType;
  readonly accessor: string;
  /** For the audit. */
  readonly displayName: string;
  /** The token's own, and its identity's. */
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  /** Undefined: the token has no entity. */
  readonly identity: { readonly entityId: string; readonly policies: readonly string[] } | undefined;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** Seconds. */
  readonly leaseDuration: number;
  readonly renewable: boolean;
  readonly orphan: boolean;
  readonly numUses: number;
}

/** What a host handler may touch. */
export interface HostContext {
  readonly host: Host;
  readonly unsealed: Unsealed;
  readonly tx: Transaction;
  readonly head: Head;
  readonly body: Body;
  /** Who calls; undefined on public routes without a valid token. */
  readonly caller: StoredToken | undefined;
  /** Whether the caller's rule for this path grants sudo. */
  readonly sudo: boolean;
  /** Once the request's line is in the audit: what reaches outside has to wait for it. */
  readonly recorded: Promise<void> | undefined;
  /** The body of an operation that uploads. */
  readonly upload: () => AsyncIterable<Uint8Array>;
  /** Does what reaches outside: once, however often the request restarts, and not before `recorded`. */
  readonly outside: <T>(effect: () => Promise<T>) => Promise<T>;
}

/** What it answers. `undefined` is 204 for a write, 404 for a read or list. */
export interface HostReply {
  readonly data?: Json;
  readonly warnings?: readonly string[];
  readonly status?: number;
  readonly auth?: AuthBlock;
  readonly lease?: Outcome['lease'];
  /** In place of everything else: an answer that was kept. */
  readonly outcome?: Outcome;
  /** Replaces the envelope. */
  readonly raw?: Answer;
  /** A change of the keyring that the writes are committed with. */
  readonly keyring?: KeyringChange;
  /** Runs after the commit is durable, before the answer leaves; an answer of its own replaces it. */
  readonly after?: () => Promise<Answer | void> | void;
  /** Runs once the answer has been handed to its socket. */
  readonly sent?: () => void;
  /** The writes only end things: they may use the space of the ballast. */
  readonly urgent?: boolean;
}

/** One operation of a host route. */
export interface HostOperation<P, I extends schema.Fields> {
  readonly summary?: string;
  readonly input?: I;
  /** The body is not JSON but bytes of any number: the handler takes them from `upload`. */
  readonly uploads?: boolean;
  readonly handler: (ctx: HostContext, params: P, input: schema.InferFields<I>) => Promise<HostReply | undefined> | HostReply | undefined;
}

/** An operation of a route that works while sealed: it has neither transaction nor caller, and is not audited. */
export interface RawOperation<I extends schema.Fields> {
  readonly summary?: string;
  readonly input?: I;
  readonly raw: (host: Host, head: Head, input: schema.InferFields<I>) => Promise<Answer> | Answer;
}

interface RouteFacts {
  readonly summary: string;
  readonly access?: 'public' | 'token' | 'sudo';
  /** The data stands at the top level of the answer too, for old clients. */
  readonly topLevel?: boolean;
  /** Parameters that are names without case: everybody sees them lower-cased, policies too. */
  readonly lowercase?: readonly string[];
  /** The route is about the caller's token itself: this is what is said, as a 400, to one whose token is not valid. */
  readonly unknownToken?: string;
}

/** Whether the target exists: tells create from update. */
type Exists<P> = (tx: Transaction, caller: StoredToken | undefined, params: P) => Promise<boolean>;

/** A host route with its types erased. */
export interface HostRoute {
  readonly template: string;
  readonly summary: string;
  readonly access: 'public' | 'token' | 'sudo';
  readonly topLevel: boolean;
  readonly unknownToken: string | undefined;
  readonly lowercase: readonly string[];
  readonly exists: Exists<never> | undefined;
  readonly verbs: { readonly [V in Verb]?: OperationOutline };
  readonly handlers: { readonly [V in Verb]?: HostOperation<never, never>['handler'] };
  readonly raw: { readonly [V in Verb]?: RawOperation<never>['raw'] };
  /** Operations whose bodies are not read before they are allowed. */
  readonly uploads: ReadonlySet<Verb>;
}

type AnyOperation = HostOperation<never, never> | RawOperation<never>;

/** Types a route's handlers from its template and schemas. */
export function hostRoute<
  const T extends string,
  R extends schema.Fields,
  U extends schema.Fields,
  D extends schema.Fields,
  L extends schema.Fields,
  S extends schema.Fields,
>(
  template: T,
  route: RouteFacts & {
    readonly exists?: Exists<Params<T>>;
    readonly read?: HostOperation<Params<T>, R> | RawOperation<R>;
    readonly update?: HostOperation<Params<T>, U> | RawOperation<U>;
    readonly delete?: HostOperation<Params<T>, D>;
    readonly list?: HostOperation<Params<T>, L>;
    readonly scan?: HostOperation<Params<T>, S>;
  },
): Record<T, HostRoute> {
  const outlines: { [V in Verb]?: OperationOutline } = {};
  const handlers: { [V in Verb]?: HostOperation<never, never>['handler'] } = {};
  const raw: { [V in Verb]?: RawOperation<never>['raw'] } = {};
  const uploads = new Set<Verb>();
  for (const verb of verbs) {
    // The pipeline calls each handler only with what its own schema and template allow: that is what makes the erasure sound.
    const operation = (route as unknown as { readonly [V in Verb]?: AnyOperation })[verb];
    if (operation === undefined) continue;
    const input = Object.entries<schema.Schema<unknown>>(operation.input ?? {}).map(
      ([name, { json, optional }]): [string, FieldOutline] => [name, { json, optional }],
    );
    outlines[verb] = { summary: operation.summary ?? route.summary, input: Object.fromEntries(input), reads: [], outside: false };
    if ('raw' in operation) raw[verb] = operation.raw;
    else handlers[verb] = operation.handler;
    if ('uploads' in operation && operation.uploads) uploads.add(verb);
  }
  const erased: HostRoute = {
    template,
    summary: route.summary,
    access: route.access ?? 'token',
    topLevel: route.topLevel ?? false,
    unknownToken: route.unknownToken,
    lowercase: route.lowercase ?? [],
    exists: route.exists,
    verbs: outlines,
    handlers,
    raw,
    uploads,
  };
  return { [template]: erased } as Record<T, HostRoute>;
}
