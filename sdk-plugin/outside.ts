/**
 * What reaches outside the server: three steps, of which only the middle one may touch anything but storage.
 *
 *     prepare  in a transaction    decides everything, and says how to undo what execute will do   may be restarted
 *     execute  no storage          the only place with a network                                   runs once
 *     finish   in a transaction    keeps what came of it, and answers                              may be restarted
 *
 * The host commits the lease that `prepare` asks for, pending, before `execute` begins. If anything fails after that, a crash included, it
 * calls the lease kind's `revoke` with the data of the lease: nothing outside is without a record that ends it.
 */
import type { Crypto } from './crypto.ts';
import type { Context, Follow, Json, Operation, Reply } from './engine.ts';
import type { Fields, InferFields } from './schema.ts';

/** An HTTP request. The host sends it only to the hosts that the mount's config names. */
export interface OutsideRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** `https://host[:port]/path`; `http:` only to hosts that the config names with that scheme. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Its answer, whatever its status: redirects are followed by nobody. */
export interface OutsideResponse {
  readonly status: number;
  /** Names in lower case; several values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** All that `execute` may touch. */
export interface Outside {
  /** @throws PluginError `upstream` when the host is not allowed, can't be reached, or answers too much or too late */
  fetch(request: OutsideRequest): Promise<OutsideResponse>;
  /** Milliseconds since 1970 by the host's clock, when the step began. */
  now(): number;
  readonly crypto: Crypto;
  random(size: number): Uint8Array;
  /** One line in the operator's log. Never a secret. */
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/** A lease that the host is to keep. */
export interface LeaseRequest {
  /** Name of a kind in the engine's `leases`. */
  readonly kind: string;
  /** Seconds; the mount's default when absent, and never more than its maximum. */
  readonly ttl?: number;
  /** Seconds from the issue; the mount's maximum when absent or larger. */
  readonly maxTtl?: number;
  /** What `revoke` and `renew` need to know. Kept encrypted; never shown. */
  readonly data: Json;
}

/** What `prepare` decides. */
export interface Prepared<Plan extends Json> {
  /** Handed to `execute` and `finish`, as JSON. */
  readonly plan: Plan;
  readonly lease?: LeaseRequest;
}

type Now<T> = Promise<T> | T;

/** An operation that reaches outside. */
export interface OutsideOperation<P, I extends Fields, Plan extends Json, Result extends Json> {
  readonly summary?: string;
  readonly input?: I;
  /** As for other operations, for `prepare`. */
  readonly reads?: readonly string[];
  readonly follows?: readonly Follow[];
  /** As for other operations: a login that asks another server. Wrong credentials are thrown by any step. */
  readonly alias?: string;
  readonly prepare: (ctx: Context, params: P, input: InferFields<I>) => Now<Prepared<Plan>>;
  readonly execute: (outside: Outside, plan: Plan) => Now<Result>;
  /** Default: answers the result as data. */
  readonly finish?: (ctx: Context, plan: Plan, result: Result) => Now<Reply | undefined>;
}

/** Two of the three steps, for what the host does to a lease. Without `prepare` the plan is the lease's data. */
export interface LeaseStep<Plan extends Json> {
  readonly prepare?: (ctx: Context, data: Json, seconds: number) => Now<Plan>;
  readonly execute: (outside: Outside, plan: Plan) => Now<void>;
}

/** A kind of lease. */
export interface LeaseKind {
  /** Ends what was issued. Must be idempotent: it may run again, and for what was never made. */
  readonly revoke: LeaseStep<never>;
  /** Makes it last longer, by `seconds` from now. Without it renewals change the lease alone; `false`: it can't be renewed. */
  readonly renew?: LeaseStep<never> | false;
}

/**
 * A kind of credential that stays and is rotated: the host runs the steps, records each before the next, and goes on after a crash where it was. A step
 * that fails is tried again, later and later, with the same new credential; the old one is valid until the new one has been proved and its grace is over.
 */
export interface RotationKind<Data extends Json> {
  /** Decides the new credential, in a transaction: from what is kept of the one that is in force. */
  readonly create: (ctx: Context, before: Data) => Now<Data>;
  /** Makes it valid, beside the old one. May run again. */
  readonly set: (outside: Outside, next: Data) => Now<void>;
  /** Proves that it works, or throws. May run again. */
  readonly test: (outside: Outside, next: Data) => Now<void>;
  /** In a transaction: from here on the new one is what readers get. */
  readonly finish: (ctx: Context, next: Data, before: Data) => Now<void>;
  /** Ends a credential that was replaced, or one that was set and never finished. May run again, and for what was never set. */
  readonly retire?: (outside: Outside, old: Data) => Now<void>;
}

/** What is to be rotated. */
export interface RotationRequest {
  /** Name of a kind in the engine's `rotations`. */
  readonly kind: string;
  /** Seconds between rotations, at least 1. */
  readonly every: number;
  /** Seconds for which an old credential stays valid; default none. */
  readonly grace?: number;
  /** What `create` needs to know of the credential in force. Kept encrypted; never shown. */
  readonly data: Json;
}

/** What the host rotates for a mount, by names of the plugin's choice (at most 512 characters). Changes are kept with the writes of the same call. */
export interface Rotations {
  /** Begins, or changes how often: a rotation that is under way is not disturbed and keeps its data. */
  keep(name: string, rotation: RotationRequest): void;
  /** Makes the next rotation due at once. */
  start(name: string): void;
  /** Ends it. What a rotation under way has set is retired; the credential in force stays. */
  stop(name: string): void;
}

/** Types the steps of a rotation kind by what is kept of a credential. */
export function rotation<Data extends Json>(kind: RotationKind<Data>): RotationKind<never> {
  return kind as unknown as RotationKind<never>;
}

/** Types the steps of an operation that reaches outside; for the place of a handler in `route`. */
export function outside<P, I extends Fields, Plan extends Json, Result extends Json>(
  operation: OutsideOperation<P, I, Plan, Result>,
): Operation<P, I> {
  // The host hands each step only what the step before gave.
  return operation as unknown as Operation<P, I>;
}

/** Types a step of a lease kind by its plan. */
export function leaseStep<Plan extends Json>(step: LeaseStep<Plan>): LeaseStep<never> {
  return step as unknown as LeaseStep<never>;
}
