/** What crosses between the host and an engine in its room: the mount, its storage, and what a call wrote. */
import { type MountInfo, upon } from '@strongroom/sdk-plugin';
import { isStorageKey, replyFault } from '@strongroom/sdk-plugin/hosting';
import type { Phase, ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { mountPrefix } from '../barrier/barrier.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Mount } from '../mounts/mount-table.ts';
import type { RequestPasswords } from './passwords.ts';
import type { PluginCrypto } from './plugin-crypto.ts';
import type { Call, RoomWorld } from './thread-room.ts';

const mountTexts = new WeakMap<Mount, string>();
/** The mount as an engine may know it. */
export function mountText(mount: Mount): string {
  let text = mountTexts.get(mount);
  if (text === undefined)
    mountTexts.set(mount, (text = JSON.stringify({ path: mount.path, options: mount.options ?? {} } satisfies MountInfo)));
  return text;
}

/** Refuses what can't be answered. @throws StrongroomError `internal` */
export function checkReply(message: ReplyMessage): void {
  const fault = replyFault(message);
  if (fault !== undefined) throw new StrongroomError('internal', fault);
}

/**
 * A call that no request leads to: the host's own, for a lease, a job or a migration.
 * @param name of the kind, job or migration @param carried JSON text of what the step before gave
 */
export function unrouted(mount: Mount, phase: Phase, name: string, now: number, carried?: string): Call {
  return {
    phase,
    name,
    mountId: mount.id,
    mount: mountText(mount),
    template: '',
    verb: 'update',
    params: {},
    input: {},
    now,
    caller: '{"displayName":"","entityId":"","policies":[]}',
    entries: [],
    ...(carried === undefined ? {} : { carried }),
  };
}

/** Takes over what a call wrote. @throws StrongroomError `internal` for a malformed key */
export function applyWrites(tx: Transaction, mount: Mount, { writes }: ReplyMessage): void {
  for (const { key: name, value } of writes) {
    const full = mountPrefix(mount.id) + storageKey(name);
    if (value === undefined) tx.delete(full);
    else tx.put(full, value);
  }
}

/** A key that a plugin names. @throws StrongroomError `internal` */
function storageKey(name: string): string {
  if (isStorageKey(name)) return name;
  throw new StrongroomError('internal', 'the engine used a malformed storage key');
}

/** The mount's part of the transaction, as its room sees it. */
export function mountWorld(
  tx: Transaction,
  mount: Mount,
  crypto: ReturnType<PluginCrypto['of']>,
  passwords?: RequestPasswords,
): RoomWorld & Required<Pick<RoomWorld, 'get'>> {
  const prefix = mountPrefix(mount.id);
  return {
    get: (name) => upon(tx.read(prefix + storageKey(name)), ({ movedAt, value }) => ({ key: name, revision: movedAt, value })),
    list: (directory, after, limit) => tx.list(prefix + directory, after, limit),
    crypto,
    ...(passwords === undefined ? {} : { passwords: (question) => passwords.answer(question) }),
  };
}
