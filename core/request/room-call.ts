/** A call of an engine in its room: what goes there, what it may ask of the transaction, and what it wrote. */
import { type Caller as CallerInfo, type MountInfo } from '@strongroom/sdk-plugin';
import type { Phase, PrefetchedEntry, ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { mountPrefix } from '../barrier/barrier.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { TokenRecord } from '../identity/token.ts';
import type { Mount } from '../mounts/mount-table.ts';
import { fillTemplate } from '../mounts/route-table.ts';
import type { RoomWorld } from '../runner/thread-room.ts';
import type { Unsealed } from './host.ts';
import type { Caller } from './identify.ts';
import { type InputOutline, type RawInput, readInput } from './input.ts';
import type { Target } from './route.ts';

/** An operation of an engine. */
export type EngineTarget = Extract<Target, { kind: 'engine' }>;

/** What a phase is called with. */
export interface PhaseFacts {
  readonly caller: Caller;
  /** Undefined: a phase outside, which has no storage. */
  readonly tx: Transaction | undefined;
  /** Read when the phase takes it. */
  readonly input?: () => Readonly<Record<string, unknown>>;
  /** JSON text of what earlier steps gave. */
  readonly carried?: string;
}

/** The input of an operation as it crosses: fields of user JSON as their text. */
export function engineInput(fields: InputOutline, raw: RawInput): Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = { ...readInput(fields, raw) };
  for (const [name, field] of Object.entries(fields)) {
    if (field.json['format'] === 'opaque' && input[name] !== undefined) input[name] = (input[name] as { readonly text: string }).text;
  }
  return input;
}

/**
 * Runs a phase of an operation; what it wrote is in the transaction afterwards.
 * @throws Conflict to restart; StrongroomError for every refusal and failure
 */
export async function callRoom(unsealed: Unsealed, target: EngineTarget, phase: Phase, facts: PhaseFacts): Promise<ReplyMessage> {
  const { mount, engine, verb, route, params, operation } = target;
  const { caller, tx, carried } = facts;
  const input = facts.input?.() ?? {};
  const world = tx === undefined ? { fetch: unsealed.rooms.fetchOf(mount) } : mountWorld(tx, mount);
  const entries: PrefetchedEntry[] = [];
  if ('get' in world && phase !== 'finish')
    for (const template of operation.reads) entries.push(await world.get(fillTemplate(template, params)));
  const record = caller.kind === 'token' ? caller.token.record : undefined;
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
      caller: record === undefined ? nobody : callerText(record),
      entries,
      ...(carried === undefined ? {} : { carried }),
    },
    world,
  );
  checkReply(message);
  if (tx !== undefined) applyWrites(tx, mount, message);
  return message;
}

/** Takes over what a call wrote. @throws StrongroomError `internal` for a malformed key */
export function applyWrites(tx: Transaction, mount: Mount, { writes }: ReplyMessage): void {
  for (const { key: name, value } of writes) {
    const full = mountPrefix(mount.id) + storageKey(name);
    if (value === undefined) tx.delete(full);
    else tx.put(full, value);
  }
}

/** What the types promise of a worker's message, checked: a status that can be sent, and bytes as values. */
function checkReply({ reply, writes }: ReplyMessage): void {
  const status = reply?.status ?? 200;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new StrongroomError('internal', 'the engine answered a malformed status');
  for (const { value } of writes)
    if (value !== undefined && !(value instanceof Uint8Array))
      throw new StrongroomError('internal', 'the engine wrote something that is not bytes');
}

const mountTexts = new WeakMap<Mount, string>();
const callerTexts = new WeakMap<TokenRecord, string>();
const nobody = JSON.stringify({ displayName: '', entityId: '', policies: [] } satisfies CallerInfo);

/** The mount as an engine may know it. */
export function mountText(mount: Mount): string {
  let text = mountTexts.get(mount);
  if (text === undefined)
    mountTexts.set(mount, (text = JSON.stringify({ path: mount.path, options: mount.options ?? {} } satisfies MountInfo)));
  return text;
}

function callerText(record: TokenRecord): string {
  let text = callerTexts.get(record);
  if (text === undefined) {
    callerTexts.set(
      record,
      (text = JSON.stringify({ displayName: record.displayName, entityId: '', policies: record.policies } satisfies CallerInfo)),
    );
  }
  return text;
}

/** A key that a plugin names: relative, without empty or dot segments, so that it stays below its mount. */
function storageKey(name: string): string {
  if (
    name.length > 0 &&
    name.length <= 8192 &&
    !name.endsWith('/') &&
    !name.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')
  )
    return name;
  throw new StrongroomError('internal', 'the engine used a malformed storage key');
}

/** The mount's part of the transaction, as its room sees it. */
export function mountWorld(tx: Transaction, mount: Mount): RoomWorld & { get(key: string): Promise<PrefetchedEntry> } {
  const prefix = mountPrefix(mount.id);
  return {
    get: async (name) => {
      const key = prefix + storageKey(name);
      const { movedAt, value } = await tx.read(key);
      return { key: name, revision: movedAt, value };
    },
    list: (directory, after, limit) => tx.list(prefix + directory, after, limit),
  };
}
