/** Mounting and unmounting: the table, the mount's KEK and the sweep of what an unmounted engine leaves behind. */
import { randomUUID } from 'node:crypto';
import { mountPrefix } from '../barrier/barrier.ts';
import { changeKeyring, type KeyringChange } from '../barrier/keyring-change.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { randomBase62 } from '../crypto/random-text.ts';
import { StrongroomError } from '../errors.ts';
import { ofMount } from '../lease/lease-store.ts';
import { dropRotations } from '../lease/rotation-store.ts';
import { defaultMountConfig, type Mount, type MountConfig, readMounts, writeMounts } from '../mounts/mount-table.ts';
import { canonicalPath } from '../request/canonical-path.ts';
import type { HostContext } from '../request/host-route.ts';
import type { Unsealed } from '../request/host.ts';
import { moveQuotas } from '../request/quota-store.ts';
import { dropHandleKey } from '../runner/plugin-crypto.ts';
import { Conflict } from '../storage/types.ts';

/** What an operator gives for a new mount. */
export interface NewMount {
  /** With or without slashes at its ends; of an auth method, below `auth/`. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly config: Partial<MountConfig>;
  /** Default: what the catalog says of the type. */
  readonly isolation?: Mount['isolation'];
  /** Where its plugin may send HTTP requests; see `parseAllowedHost`. */
  readonly hosts?: readonly string[];
}

const reserved = ['sys/', 'auth/', 'cubbyhole/', 'identity/'];
const reservedAuth = ['auth/token/'];
/** Directory of the moments at which jobs of mounts ended, `<mount>/<job>`. */
export const jobsDirectory = 'core/jobs/';
/** Directory of the ids of unmounted engines whose entries are still to be removed. */
const sweepDirectory = 'core/unmounted/';

/** The canonical path of a mount, with its trailing slash; of an auth method, below `auth/`. @throws StrongroomError `invalid` */
export function mountPath(raw: string, mountClass: Mount['class'] = 'secret'): string {
  const bare = raw.replace(/^\/|\/$/g, '');
  if (bare === '') throw new StrongroomError('invalid', 'field path: must not be empty');
  return `${mountClass === 'auth' ? 'auth/' : ''}${canonicalPath(bare)}/`;
}

/** @throws StrongroomError `invalid` for a path, with its class, that is the host's own */
export function refuseReserved(path: string, mountClass: Mount['class']): void {
  const inWay = (mountClass === 'auth' ? reservedAuth : reserved).find((prefix) => path.startsWith(prefix));
  if (inWay !== undefined) throw new StrongroomError('invalid', `path ${inWay} is reserved`);
}

/**
 * Mounts an engine or an auth method, with a KEK of its own.
 * @throws StrongroomError `invalid` for a reserved, malformed or used path or an unknown type
 */
export async function mountEngine(
  tx: Transaction,
  unsealed: Unsealed,
  wanted: NewMount,
  mountClass: Mount['class'] = 'secret',
): Promise<{ readonly mount: Mount; readonly keyring: KeyringChange }> {
  const auth = mountClass === 'auth';
  const path = mountPath(wanted.path, mountClass);
  const table = await readMounts(tx);
  refuseReserved(path, mountClass);
  const conflict = table.conflicting(path);
  if (conflict !== undefined)
    throw new StrongroomError('invalid', `path is already in use at ${auth ? conflict.path.slice(5) : conflict.path}`);
  const { entry, type, options } = unsealed.rooms.serving(wanted.type, mountClass, wanted.options);
  const { outline, isolation } = await unsealed.rooms.engine(entry.name, mountClass, wanted.isolation);
  const mount: Mount = {
    id: randomUUID(),
    path,
    class: mountClass,
    type,
    plugin: entry.name,
    accessor: `${auth ? 'auth_' : ''}${type}_${randomBase62(8).toLowerCase()}`,
    description: wanted.description,
    options,
    config: { ...defaultMountConfig, ...wanted.config },
    pluginVersion: outline.version,
    isolation,
    ...(wanted.hosts === undefined ? {} : { hosts: wanted.hosts }),
  };
  writeMounts(tx, table.with(mount));
  if (auth) unsealed.tokens.openSource(tx, mount.id);
  return { mount, keyring: changeKeyring(tx, unsealed.barrier, (ring) => ring.withKey(mount.id, unsealed.clock.now())) };
}

/**
 * A mount with other options: another edition of its engine may serve it from then on.
 * @throws StrongroomError `invalid` when no edition has these options, or the one that has can't take the mount over
 */
export async function withOptions({ rooms }: Pick<Unsealed, 'rooms'>, mount: Mount, options: Mount['options']): Promise<Mount> {
  const { entry } = rooms.serving(mount.type, mount.class, options);
  if (entry.name === mount.plugin) return { ...mount, options };
  const { edition: now } = rooms.entry(mount.plugin, mount.class);
  if (now === undefined || entry.edition?.takesOver?.includes(now.value) !== true)
    throw new StrongroomError(
      'invalid',
      `field options.${entry.edition?.option ?? ''}: a mount of type ${mount.type} can't be changed from ${now?.value ?? mount.plugin} to ${entry.edition?.value ?? entry.name}`,
    );
  const { outline } = await rooms.engine(entry.name, mount.class, mount.isolation);
  return { ...mount, options, plugin: entry.name, pluginVersion: outline.version };
}

/**
 * Unmounts an engine or auth method: its KEK is destroyed with the same commit, so nothing of it can be read any more, and the tokens of
 * its logins end. Undefined when there is none.
 * @param recorded once the request is in the audit
 */
export async function unmountEngine(
  tx: Transaction,
  unsealed: Unsealed,
  rawPath: string,
  mountClass: Mount['class'],
  recorded: HostContext['recorded'],
): Promise<{ readonly keyring: KeyringChange; readonly after: () => Promise<void> } | undefined> {
  const table = await readMounts(tx);
  const mount = table.at(mountPath(rawPath, mountClass));
  if (mount?.class !== mountClass) return undefined;
  // Ending leases reaches outside.
  await recorded;
  await unsealed.leases.endMount(mount.id);
  // One that was issued meanwhile: what this transaction has seen of the mount is over.
  if ((await ofMount(tx, mount.id, 1)).length > 0) throw new Conflict('a lease of the mount has been issued');
  writeMounts(tx, table.without(mount.id));
  tx.put(sweepDirectory + mount.id, new Uint8Array(0));
  dropHandleKey(tx, mount.id);
  await dropRotations(tx, mount.id);
  if (mountClass === 'auth') unsealed.tokens.closeSource(tx, mount.id);
  await moveQuotas(tx, mount.path, undefined);
  return { keyring: changeKeyring(tx, unsealed.barrier, (ring) => ring.without(mount.id)), after: () => unsealed.quotas.load() };
}

/** Removes up to `limit` entries of unmounted engines. Answers how many it dealt with; 0 when nothing is left. */
export async function sweepUnmounted(tx: Transaction, limit: number): Promise<number> {
  const [id] = await tx.list(sweepDirectory, '', 1);
  if (id === undefined) return 0;
  let found = 0;
  const directories = [mountPrefix(id)];
  while (directories.length > 0 && found < limit) {
    const directory = directories.pop()!;
    for (const name of await tx.list(directory, '', limit - found)) {
      if (name.endsWith('/')) {
        directories.push(directory + name);
        continue;
      }
      tx.delete(directory + name);
      found++;
    }
  }
  if (found === 0) {
    for (const job of await tx.list(`${jobsDirectory}${id}/`)) tx.delete(`${jobsDirectory}${id}/${job}`);
    tx.delete(sweepDirectory + id);
  }
  return found + 1;
}
