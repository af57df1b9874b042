/** Station 8: the cache, the host's own handler, or the engine in its room. What they wrote is in the transaction afterwards, not yet committed. */
import { stringifyJson } from '@strongroom/sdk-plugin';
import type { RawInput } from '@strongroom/sdk-plugin/hosting';
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { grantTtl } from '../identity/lifetime.ts';
import type { Mount } from '../mounts/mount-table.ts';
import { Conflict } from '../storage/types.ts';
import type { CachedAnswer } from './answer-cache.ts';
import type { Body } from './body.ts';
import { helpOf } from './help.ts';
import { plainAnswer } from './incoming.ts';
import type { Outcome } from './envelope.ts';
import type { Head } from './head.ts';
import type { Host, SystemTtl, Unsealed } from './host.ts';
import type { HostReply } from './host-route.ts';
import type { Caller } from './identify.ts';
import { readInput } from './input.ts';
import { countedByLockout, type KeptOverRestarts, mountTtl, tokenOfLogin } from './login.ts';
import { callRoom, engineInput, type EngineTarget } from './room-call.ts';
import { hostMountType, type Target } from './route.ts';

/** A target that can be handled. */
export type Found = Extract<Target, { kind: 'host' | 'engine' | 'help' }>;

/** What a handler made, besides the writes in the transaction. */
export interface Handled {
  readonly outcome: Outcome;
  readonly reply: HostReply | undefined;
  /** A hit: its data as the audit writes it. */
  readonly cached: CachedAnswer | undefined;
  /** Where to keep the answer, and until when it may be used (ms since 1970); undefined: not at all. */
  readonly keep: { readonly key: string; readonly validUntil: number; readonly leaseDuration: number | undefined } | undefined;
}

/** What a handler is given by the stations before it. */
export interface HandleFacts {
  readonly head: Head;
  readonly body: Body;
  readonly caller: Caller;
  readonly sudo: boolean;
  readonly tx: Transaction;
  readonly kept: KeptOverRestarts;
  /** The request's line in the audit. */
  readonly recorded: Promise<void> | undefined;
}

/** The input of an operation, from the query for reading verbs and DELETE, from the body otherwise. */
export function rawInput({ head, body }: Pick<HandleFacts, 'head' | 'body'>): RawInput {
  if (body.json !== undefined) return body;
  return {
    value: (name) => head.query.get(name),
    text: (name) => (head.query.has(name) ? JSON.stringify(head.query.get(name)) : undefined),
  };
}

const reading: ReadonlySet<string> = new Set(['read', 'list', 'scan']);

/** What the reply of an engine amounts to. */
export function outcomeOf(
  verb: string,
  reply: Omit<NonNullable<ReplyMessage['reply']>, 'login' | 'validUntil' | 'leaseDuration'> | undefined,
  extra: Pick<Outcome, 'auth' | 'topLevel' | 'mountType' | 'credential' | 'lease'>,
): Outcome {
  const warnings = reply?.warnings ?? [];
  const empty = reply === undefined || (reply.data === undefined && reply.raw === undefined && (extra.auth ?? extra.lease) === undefined);
  // An empty answer to a read or list is a 404 without errors; to a write a 204, or a 200 when there are warnings to say.
  const status = reply?.status ?? (empty ? (reading.has(verb) && reply === undefined ? 404 : warnings.length > 0 ? 200 : 204) : 200);
  return { status, data: reply?.data, warnings, raw: reply?.raw, headers: reply?.headers, ...extra };
}

/** Runs the handler of a target. @throws Conflict to restart; StrongroomError for every refusal and failure */
export function handleTarget(host: Host, unsealed: Unsealed, target: Found, facts: HandleFacts): Promise<Handled> {
  if (target.kind === 'help') return Promise.resolve(handleHelp(host, target));
  return target.kind === 'host' ? handleHere(host, unsealed, target, facts) : handleInRoom(host, unsealed, target, facts);
}

function handleHelp({ apiVersion }: Host, { subject }: Extract<Found, { kind: 'help' }>): Handled {
  const outcome = { ...outcomeOf('read', {}, { auth: undefined, topLevel: false, mountType: '' }), status: 200 };
  return { outcome, reply: { raw: plainAnswer(200, helpOf(apiVersion, subject)) }, cached: undefined, keep: undefined };
}

async function handleHere(host: Host, unsealed: Unsealed, target: Extract<Found, { kind: 'host' }>, facts: HandleFacts): Promise<Handled> {
  const { tx, head, body, caller, sudo, kept, recorded } = facts;
  const { handlers } = target.route;
  const handler = handlers[target.verb] ?? (target.verb === 'create' ? handlers.update : undefined);
  if (handler === undefined) throw new StrongroomError('internal', 'a route without a handler');
  if (body.duplicateKeys) throw new StrongroomError('invalid', 'request body: an object names a key twice');
  const input = readInput(target.operation.input, rawInput(facts));
  // One handler has one effect, so what is kept has its type.
  const outside = async <T>(effect: () => Promise<T>): Promise<T> => {
    await recorded;
    return (kept.effect ??= effect()) as Promise<T>;
  };
  const ctx = {
    host,
    unsealed,
    tx,
    head,
    body,
    caller: caller.kind === 'token' ? caller.token : undefined,
    sudo,
    recorded,
    upload: () => head.incoming.streamBody(),
    outside,
  };
  // Parameters come from the route's own template and the input from its own schema.
  const reply = await handler(ctx, target.params as never, input as never);
  const made = outcomeOf(target.verb, reply && plainReply(reply), {
    auth: reply?.auth,
    topLevel: target.route.topLevel,
    mountType: hostMountType(head.path),
    ...(reply?.lease === undefined ? {} : { lease: reply.lease }),
  });
  const outcome = reply?.outcome ?? made;
  return { outcome, reply, cached: undefined, keep: undefined };
}

function plainReply({ data, warnings, status }: HostReply): Parameters<typeof outcomeOf>[1] {
  return {
    ...(data === undefined ? {} : { data: stringifyJson(data) }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(status === undefined ? {} : { status }),
  };
}

const noLogin: Awaited<ReturnType<typeof tokenOfLogin>> = { auth: undefined, warnings: [] };

async function handleInRoom(
  host: Host,
  unsealed: Unsealed,
  target: Extract<Found, { kind: 'engine' }>,
  facts: HandleFacts,
): Promise<Handled> {
  const { tx, head, caller, kept } = facts;
  const { mount, verb, operation } = target;
  const extra = { auth: undefined, topLevel: false, mountType: mount.type, credential: mount.class === 'auth' };
  const key = unsealed.cache.isOn && reading.has(verb) && !mount.config.forceNoCache ? cacheKey(mount.id, verb, head) : undefined;
  const cached = key === undefined ? undefined : unsealed.cache.find(key, unsealed.storage, () => unsealed.clock.now());
  if (cached !== undefined) {
    if (!tx.dependAll(cached.reads)) throw new Conflict('a cached answer has changed');
    return {
      outcome: { ...extra, ...answerOf(cached), ...heldFor(cached.leaseDuration, mount, host.ttl).lease },
      reply: undefined,
      cached,
      keep: undefined,
    };
  }
  refuseDuplicates(target, facts);
  const input = engineInput(operation.input, rawInput(facts));
  const message = await countedByLockout(unsealed, target, kept, input, () =>
    callRoom(unsealed, target, 'handle', { head, caller, tx, kept, input: () => input }),
  );
  const { auth, warnings } =
    message.reply?.login === undefined ? noLogin : await tokenOfLogin(unsealed, host.ttl, target, facts, message.reply);
  const { lease, capped } = heldFor(message.reply?.leaseDuration, mount, host.ttl);
  const said = [...warnings, ...capped];
  const reply = said.length === 0 ? message.reply : { ...message.reply, warnings: [...(message.reply?.warnings ?? []), ...said] };
  const validUntil = message.reply?.validUntil ?? (message.uncacheable ? 0 : Number.POSITIVE_INFINITY);
  return {
    outcome: outcomeOf(verb, reply, { ...extra, auth, ...lease }),
    reply: undefined,
    cached: undefined,
    keep:
      key === undefined || message.writes.length > 0 || validUntil === 0
        ? undefined
        : { key, validUntil, leaseDuration: message.reply?.leaseDuration },
  };
}

/** Engines keep user JSON as it came, so they may repeat keys; what names who may do what may not. @throws StrongroomError `invalid` */
export function refuseDuplicates({ mount }: EngineTarget, { body }: Pick<HandleFacts, 'body'>): void {
  if (mount.class === 'auth' && body.duplicateKeys) throw new StrongroomError('invalid', 'request body: an object names a key twice');
}

/** How long data without a lease may be used, within the bounds of the mount. @param seconds as the engine says; undefined: it does not */
function heldFor(
  seconds: number | undefined,
  mount: Mount,
  system: SystemTtl,
): { readonly lease: Pick<Outcome, 'lease'>; readonly capped: readonly string[] } {
  if (seconds === undefined) return { lease: {}, capped: [] };
  const wish = { ttl: Math.max(0, Math.floor(seconds)), explicitMaxTtl: 0, period: 0 };
  const { ttl, warnings } = grantTtl(wish, mountTtl(mount, system), 0, 0);
  return { lease: { lease: { id: '', renewable: false, duration: ttl } }, capped: warnings };
}

function answerOf({
  status,
  data,
  warnings,
  raw,
  headers,
}: CachedAnswer): Pick<Outcome, 'status' | 'data' | 'warnings' | 'raw' | 'headers'> {
  return { status, data, warnings, raw, headers };
}

function cacheKey(mountId: string, verb: string, { path, query }: Head): string {
  const key = `${mountId}\0${verb}\0${path}`;
  return query.size === 0 ? key : `${key}\0${JSON.stringify([...query].toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}
