/** A call of an engine in its room: what goes there, what it may ask of the transaction, and what it wrote. */
import { type Caller as CallerInfo, type LoginToRenew, schema } from '@strongroom/sdk-plugin';
import type { InputOutline, RawInput } from '@strongroom/sdk-plugin/hosting';
import type { Phase, ReplyMessage } from '@strongroom/sdk-plugin/serving';
import type { Transaction } from '../barrier/transaction.ts';
import type { Identity } from '../identity/identities.ts';
import type { TokenRecord } from '../identity/token.ts';
import { applyReply } from '../lease/apply-reply.ts';
import { allowedHeaders, passedHeaders } from '../mounts/mount-headers.ts';
import type { Mount } from '../mounts/mount-table.ts';
import { checkReply, mountText, mountWorld, unrouted } from '../runner/engine-call.ts';
import { RequestPasswords } from '../runner/passwords.ts';
import type { MadeKeys } from '../runner/plugin-crypto.ts';
import { entriesAlong } from './entries-along.ts';
import type { Head } from './head.ts';
import type { Unsealed } from './host.ts';
import type { Caller } from './identify.ts';
import { readInput } from './input.ts';
import { allPolicies } from './rights.ts';
import type { Target } from './route.ts';

/** An operation of an engine. */
export type EngineTarget = Extract<Target, { kind: 'engine' }>;

/** What a phase is called with. */
export interface PhaseFacts {
  readonly head: Head;
  readonly caller: Caller;
  /** Undefined: a phase outside, which has no storage. */
  readonly tx: Transaction | undefined;
  /** Of the request: what it computed before a restart is not computed again. */
  readonly kept?: { readonly passwords: RequestPasswords; readonly keys: MadeKeys };
  /** Read when the phase takes it. */
  readonly input?: () => Readonly<Record<string, unknown>>;
  /** JSON text of what earlier steps gave. */
  readonly carried?: string;
}

/** The input of an operation as it crosses: fields of user JSON as their text. */
export function engineInput(fields: InputOutline, raw: RawInput): Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = { ...readInput(fields, raw) };
  for (const [name, field] of Object.entries(fields)) {
    if (schema.carriesJson(field.json) && input[name] !== undefined) input[name] = (input[name] as { readonly text: string }).text;
  }
  return input;
}

/**
 * Runs a phase of an operation; what it wrote is in the transaction afterwards.
 * @throws Conflict to restart; StrongroomError for every refusal and failure
 */
export async function callRoom(unsealed: Unsealed, target: EngineTarget, phase: Phase, facts: PhaseFacts): Promise<ReplyMessage> {
  const { mount, engine, verb, route, params, operation } = target;
  const { caller, tx, carried, head } = facts;
  const input = facts.input?.() ?? {};
  const crypto = unsealed.crypto.of(mount.id, facts.kept?.keys, phase);
  const world =
    tx === undefined
      ? { fetch: unsealed.rooms.fetchOf(mount), crypto }
      : mountWorld(tx, mount, crypto, facts.kept?.passwords ?? new RequestPasswords(unsealed.jobs));
  const along = 'get' in world && phase !== 'finish' ? entriesAlong(world, operation, params) : [];
  const entries = along instanceof Promise ? await along : along;
  const message = await engine.room.call(
    {
      phase,
      mountId: mount.id,
      mount: mountText(mount),
      template: route.template,
      verb: route.verbs[verb] === undefined ? 'update' : verb,
      params,
      input,
      now: unsealed.clock.now(),
      caller: callerText(caller, mount, head),
      entries,
      ...(carried === undefined ? {} : { carried }),
    },
    world,
  );
  checkReply(message);
  if (tx !== undefined && (message.writes.length > 0 || message.rotations !== undefined))
    await applyReply(tx, mount, message, unsealed.clock.now());
  const { reply } = message;
  return reply?.headers === undefined ? message : { ...message, reply: { ...reply, headers: allowedHeaders(mount.config, reply.headers) } };
}

/**
 * Asks an auth method whether the token of a login may be renewed. What it writes is in the transaction afterwards.
 * @returns what it said: a `Login` that is still to be checked
 */
export async function callLoginRenewal(unsealed: Unsealed, mount: Mount, tx: Transaction, login: LoginToRenew): Promise<unknown> {
  const { room } = await unsealed.rooms.engine(mount.plugin, mount.class, mount.isolation);
  const call = unrouted(mount, 'login-renew', '', unsealed.clock.now(), JSON.stringify(login));
  const message = await room.call(call, mountWorld(tx, mount, unsealed.crypto.of(mount.id), new RequestPasswords(unsealed.jobs)));
  checkReply(message);
  await applyReply(tx, mount, message, unsealed.clock.now());
  return message.reply?.login;
}

const callerTexts = new WeakMap<TokenRecord, { readonly identity: Identity | undefined; readonly text: string }>();
const nobody = JSON.stringify(callerInfo({ kind: 'anonymous' }, {}));

function callerText(caller: Caller, { config }: Mount, { incoming, token }: Head): string {
  if (config.passthroughRequestHeaders.length > 0)
    return JSON.stringify(callerInfo(caller, passedHeaders(config, incoming.headers, token)));
  if (caller.kind !== 'token') return nobody;
  const { identity } = caller;
  const { record } = caller.token;
  const kept = callerTexts.get(record);
  if (kept !== undefined && kept.identity === identity) return kept.text;
  const text = JSON.stringify(callerInfo(caller, {}));
  callerTexts.set(record, { identity, text });
  return text;
}

function callerInfo(caller: Caller, headers: CallerInfo['headers']): CallerInfo {
  if (caller.kind !== 'token') return { displayName: '', entityId: '', policies: [], headers };
  const { token, identity } = caller;
  const { displayName } = token.record;
  return { displayName, entityId: identity?.entity.id ?? '', policies: allPolicies(token.record, identity), headers };
}
