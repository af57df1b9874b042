/** `sys/remount`: moves an engine or auth method to another path, with its storage; in one transaction, so that each request finds it at exactly one of them. */
import { randomUUID } from 'node:crypto';
import { schema as s } from '@strongroom/sdk-plugin';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { revokeTokensUnder } from '../identity/token-lease.ts';
import { ofMount } from '../lease/lease-store.ts';
import { type Mount, type MountTable, readMounts, writeMounts } from '../mounts/mount-table.ts';
import { canonicalPath } from '../request/canonical-path.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { moveQuotas } from '../request/quota-store.ts';
import { Conflict } from '../storage/types.ts';
import { refuseReserved } from './mount-change.ts';

const directory = 'core/remounts/';
/** Moves that can be asked for; older ones are forgotten. */
const keptMax = 100;

interface Moved {
  readonly from: string;
  readonly to: string;
}

/** A path as a client names it, with its class in front: `auth/x/` or `x/`. @throws StrongroomError `invalid` */
function mountPathOf(field: string, raw: string): string {
  const bare = raw.replace(/^\/|\/$/g, '');
  if (bare === '') throw new StrongroomError('invalid', `field ${field}: must not be empty`);
  return `${canonicalPath(bare)}/`;
}

function mountToMove(table: MountTable, from: string): Mount {
  const mount = table.at(from);
  if (mount !== undefined) return mount;
  refuseReserved(from, from.startsWith('auth/') ? 'auth' : 'secret');
  throw new StrongroomError('invalid', `no matching mount at "${from}"`);
}

async function remount(ctx: HostContext, input: { readonly from: string; readonly to: string }): Promise<HostReply> {
  const { tx, unsealed } = ctx;
  const from = mountPathOf('from', input.from);
  const to = mountPathOf('to', input.to);
  const table = await readMounts(tx);
  const mount = mountToMove(table, from);
  if (to.startsWith('auth/') !== (mount.class === 'auth'))
    throw new StrongroomError(
      'invalid',
      `field to: "${from}" can only be moved to a path ${mount.class === 'auth' ? '' : 'not '}below auth/`,
    );
  refuseReserved(to, mount.class);
  const others = table.without(mount.id);
  const inWay = others.conflicting(to);
  if (inWay !== undefined) throw new StrongroomError('invalid', `path in use at "${inWay.path}"`);
  // Leases and tokens are named by the path that issued them: as of an engine that is unmounted, they end first, outside.
  await ctx.recorded;
  await unsealed.leases.endMount(mount.id);
  if (mount.class === 'auth') await revokeTokensUnder(unsealed, unsealed.tokens, from, unsealed.clock.now());
  if ((await ofMount(tx, mount.id, 1)).length > 0) throw new Conflict('a lease of the mount has been issued');
  writeMounts(tx, others.with({ ...mount, path: to }));
  await moveQuotas(tx, from, to);
  const id = await keepMove(tx, { from, to }, unsealed.clock.now());
  return {
    data: { migration_id: id },
    after: () => unsealed.quotas.load(),
    warnings: ['the mount has been moved: leases of the old path are ended, and policies that name it are as they were'],
  };
}

/** Names sort by time: the oldest is the first. */
async function keepMove(tx: Transaction, moved: Moved, now: number): Promise<string> {
  const time = now.toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
  const kept = await tx.list(directory, '', keptMax);
  if (kept.length >= keptMax) tx.delete(directory + kept[0]!);
  tx.put(directory + id, Buffer.from(JSON.stringify(moved)));
  return id;
}

async function status({ tx }: HostContext, id: string): Promise<HostReply> {
  const stored = await tx.get(directory + id);
  if (stored === undefined) throw new StrongroomError('missing', 'no migration has this id');
  // Written by this file.
  const { from, to } = JSON.parse(Buffer.from(stored).toString()) as Moved;
  return { data: { migration_id: id, migration_info: { source_mount: from, target_mount: to, status: 'success' } } };
}

/** The routes. */
export const remountRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/remount', {
    summary: 'Move an engine or an auth method',
    access: 'sudo',
    topLevel: true,
    update: {
      input: { from: s.string({ maxLength: 4096 }), to: s.string({ maxLength: 4096 }) },
      handler: (ctx, _, input) => remount(ctx, input),
    },
  }),
  ...hostRoute('sys/remount/status/{id}', {
    summary: 'How far a move is',
    read: { handler: (ctx, { id }) => status(ctx, id) },
  }),
};
