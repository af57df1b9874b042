/** What crosses between the host and an engine in its room: the mount, its storage, and what a call wrote. */
import type { MountInfo } from '@strongroom/sdk-plugin';
import type { PrefetchedEntry, ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { mountPrefix } from '../barrier/barrier.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Mount } from '../mounts/mount-table.ts';
import type { RequestPasswords } from './passwords.ts';
import type { RoomWorld } from './thread-room.ts';

const mountTexts = new WeakMap<Mount, string>();
/** The mount as an engine may know it. */
export function mountText(mount: Mount): string {
  let text = mountTexts.get(mount);
  if (text === undefined)
    mountTexts.set(mount, (text = JSON.stringify({ path: mount.path, options: mount.options ?? {} } satisfies MountInfo)));
  return text;
}

/** What the types promise of a worker's message, checked: a status that can be sent, and bytes as values. @throws StrongroomError `internal` */
export function checkReply({ reply, writes }: ReplyMessage): void {
  const status = reply?.status ?? 200;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new StrongroomError('internal', 'the engine answered a malformed status');
  for (const { value } of writes)
    if (value !== undefined && !(value instanceof Uint8Array))
      throw new StrongroomError('internal', 'the engine wrote something that is not bytes');
}

/** Takes over what a call wrote. @throws StrongroomError `internal` for a malformed key */
export function applyWrites(tx: Transaction, mount: Mount, { writes }: ReplyMessage): void {
  for (const { key: name, value } of writes) {
    const full = mountPrefix(mount.id) + storageKey(name);
    if (value === undefined) tx.delete(full);
    else tx.put(full, value);
  }
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
export function mountWorld(
  tx: Transaction,
  mount: Mount,
  passwords?: RequestPasswords,
): RoomWorld & { get(key: string): Promise<PrefetchedEntry> } {
  const prefix = mountPrefix(mount.id);
  return {
    get: async (name) => {
      const key = prefix + storageKey(name);
      const { movedAt, value } = await tx.read(key);
      return { key: name, revision: movedAt, value };
    },
    list: (directory, after, limit) => tx.list(prefix + directory, after, limit),
    ...(passwords === undefined ? {} : { passwords: (question) => passwords.answer(question) }),
  };
}
