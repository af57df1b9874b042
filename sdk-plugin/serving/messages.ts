/**
 * Every message between the host and a room. To and from threads they travel in arrays, one array per turn of the event loop and direction.
 *
 *   host                          worker
 *    | -- call ------------------> |   with the entries that the route's `reads` name
 *    | <-- get, list ------------- |   only when the handler wants more
 *    | -- value, names ----------> |
 *    | <-- password, crypto ------ |
 *    | -- what came of it -------> |
 *    | <-- log ------------------- |
 *    | <-- reply | failure ------- |   the writes travel with the reply: without it nothing has happened
 */
import type { Verb } from '../engine.ts';
import type { PluginErrorCode } from '../errors.ts';
import type { Login } from '../login.ts';
import type { OutsideRequest, OutsideResponse } from '../outside.ts';
import type { EngineOutline } from './outline.ts';

/** One storage entry on its way to a worker. `revision` lets the worker keep what it parsed. */
export interface PrefetchedEntry {
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array | undefined;
}

/**
 * What a call runs: a handler; a step of an operation that reaches outside; one for a lease, whose kind is then in `name`; the job or the migration
 * that `name` says; an auth method's check of a login whose token is to be renewed.
 * Those in which nothing but `fetch` may be asked are named by `outsidePhases`.
 */
export type Phase =
  | 'handle'
  | 'prepare'
  | 'execute'
  | 'finish'
  | 'revoke-prepare'
  | 'revoke'
  | 'renew-prepare'
  | 'renew'
  | 'login-renew'
  | 'rotation-create'
  | 'rotation-set'
  | 'rotation-test'
  | 'rotation-finish'
  | 'rotation-retire'
  | 'job'
  | 'migrate';

/** The phases without storage. */
export const outsidePhases: ReadonlySet<Phase> = new Set<Phase>([
  'execute',
  'revoke',
  'renew',
  'rotation-set',
  'rotation-test',
  'rotation-retire',
]);

/** Runs a handler or a step. */
export interface CallMessage {
  readonly kind: 'call';
  readonly call: number;
  readonly phase: Phase;
  /** What is run, in phases that no route leads to. */
  readonly name?: string;
  /** JSON text of what earlier steps gave: the plan; for `finish` an array of plan and result; for `*-prepare` the lease's data; for the steps of a rotation what is kept of
   * the credential, for `rotation-finish` an array of the new and the old; for
   * `login-renew` a `LoginToRenew`. */
  readonly carried?: string;
  /** Seconds that a renewal adds. */
  readonly seconds?: number;
  readonly mountId: string;
  /** JSON text of a `MountInfo`: the host makes it once per mount, and a text crosses faster than an object. */
  readonly mount: string;
  readonly template: string;
  readonly verb: Verb;
  readonly params: Readonly<Record<string, string>>;
  /** Fields of user JSON travel as their text. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly now: number;
  /** JSON text of a `Caller`. */
  readonly caller: string;
  readonly entries: readonly PrefetchedEntry[];
}

/** Answers a worker's question. */
export interface AnswerMessage {
  readonly kind: 'answer';
  readonly call: number;
  readonly question: number;
  readonly entry?: PrefetchedEntry;
  readonly names?: readonly string[];
  readonly response?: OutsideResponse;
  /** Why there is no response. */
  readonly refused?: string;
  readonly hash?: string;
  readonly fits?: boolean;
  /** Of crypto: a result, a handle, or two; or else why not. */
  readonly out?: readonly Uint8Array[];
  readonly error?: { readonly name: string; readonly message: string };
  /** The transaction has to restart: the handler's result will not be used. */
  readonly restart?: true;
}

/** From the host. */
export type ToWorker = CallMessage | AnswerMessage;

/** What a handler asks of the host. */
export type Question =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'list'; readonly directory: string; readonly after: string; readonly limit: number }
  | { readonly kind: 'fetch'; readonly request: OutsideRequest }
  | PasswordQuestion
  | CryptoQuestion;

/** What a handler asks about passwords. Without `hash` to verify against, the work is the same and the answer no. */
export type PasswordQuestion =
  | { readonly kind: 'hash-password'; readonly password: string }
  | { readonly kind: 'verify-password'; readonly password: string; readonly hash: string | undefined };

/** The operations of `Crypto` that the host carries out. */
export const cryptoOperations = [
  'generateKey',
  'importKey',
  'exportKey',
  'encrypt',
  'decrypt',
  'sign',
  'verify',
  'digest',
  'deriveBits',
  'deriveKey',
  'wrapKey',
  'unwrapKey',
] as const;

/** What a handler asks about keys. Each operation reads what Web Crypto gives it. */
export interface CryptoQuestion {
  readonly kind: 'crypto';
  readonly op: (typeof cryptoOperations)[number];
  /** Of the operation, without bytes and keys. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Of the key that is made. */
  readonly algorithm?: Readonly<Record<string, unknown>>;
  readonly extractable?: boolean;
  readonly usages?: readonly string[];
  readonly format?: string;
  /** Bits. */
  readonly length?: number;
  /** Data, handles, and what of the parameters is bytes, by name. */
  readonly bytes: Readonly<Record<string, Uint8Array>>;
}

/** What comes of it. */
export type CryptoAnswer = Pick<AnswerMessage, 'out' | 'error'>;

/** A change of what the host rotates; `data` is JSON text. */
export type RotationChange =
  | {
      readonly change: 'keep';
      readonly name: string;
      readonly kind: string;
      readonly every: number;
      readonly grace: number;
      readonly data: string;
    }
  | { readonly change: 'start' | 'stop'; readonly name: string };

/** A finished handler. */
export interface ReplyMessage {
  readonly kind: 'reply';
  readonly call: number;
  /** Absent: the handler answered `undefined`. */
  readonly reply?: {
    /** JSON text of `data`; absent for none. */
    readonly data?: string;
    /** Bytes in place of the envelope. */
    readonly raw?: Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
    readonly warnings?: readonly string[];
    readonly status?: number;
    readonly validUntil?: number;
    readonly leaseDuration?: number;
    readonly login?: Login;
  };
  /** JSON text: the plan of `prepare`, the result of `execute`. */
  readonly carried?: string;
  /** A job wants to go on at once. */
  readonly more?: boolean;
  /** What `prepare` asks for; `data` is JSON text. */
  readonly lease?: { readonly kind: string; readonly ttl?: number; readonly maxTtl?: number; readonly data: string };
  readonly rotations?: readonly RotationChange[];
  readonly writes: readonly { readonly key: string; readonly value: Uint8Array | undefined }[];
  /** The handler read the clock, the caller or randomness. */
  readonly uncacheable: boolean;
}

/** From a worker. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly outline: EngineOutline }
  | { readonly kind: 'question'; readonly call: number; readonly question: number; readonly ask: Question }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string; readonly mountId: string }
  | {
      readonly kind: 'failure';
      readonly call: number;
      readonly code: PluginErrorCode | 'internal';
      readonly message: string;
      readonly report?: string;
      /** Other mounts paid for this fault, and the mount waits if it comes again: its instance is gone (said once of each), or it answered too much. */
      readonly costly?: boolean;
    }
  | ReplyMessage;
