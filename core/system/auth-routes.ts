/** `sys/auth`: the mounted auth methods; and `sys/locked-users`: who may not log in for a while. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { defaultMountConfig, type Mount, readMounts } from '../mounts/mount-table.ts';
import { readTokenMount } from '../mounts/token-mount.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { mountEngine, unmountEngine } from './mount-change.ts';
import { builtIn, mountData, mountFields, type MountInput, namedType, optionTexts, tuned, tuneData } from './mount-settings.ts';
import { existingMount, tuneInput, tuneMount } from './mount-tune.ts';

async function authMounts(ctx: HostContext): Promise<readonly Mount[]> {
  return (await readMounts(ctx.tx)).mounts.filter((mount) => mount.class === 'auth');
}

async function list(ctx: HostContext): Promise<HostReply> {
  const data: Record<string, Json> = {};
  for (const mount of await authMounts(ctx)) data[mount.path.slice(5)] = mountData(ctx, mount);
  const token = await readTokenMount(ctx.tx);
  const { config } = mountData(ctx, token);
  data['token/'] = { ...builtIn(ctx, 'token'), description: token.description, ...(config === undefined ? {} : { config }) };
  return { data };
}

async function enable(ctx: HostContext, { path }: { readonly path: string }, input: MountInput): Promise<HostReply> {
  const wanted = {
    path,
    type: namedType(input),
    description: input.description ?? '',
    options: optionTexts(input.options),
    config: tuned(defaultMountConfig, input.config ?? {}, 'auth'),
  };
  const { keyring } = await mountEngine(ctx.tx, ctx.unsealed, wanted, 'auth');
  return { keyring };
}

async function disable(ctx: HostContext, { path }: { readonly path: string }): Promise<HostReply | undefined> {
  if (/^\/?token\/?$/.test(path)) throw new StrongroomError('invalid', 'token credential backend cannot be disabled');
  const ended = await unmountEngine(ctx.tx, ctx.unsealed, path, 'auth', ctx.recorded);
  return ended && { ...ended, urgent: true };
}

/** Locked aliases, by mount. @param accessor of one mount; undefined: all */
async function locked(ctx: HostContext, accessor: string | undefined): Promise<HostReply> {
  const found: { mount_accessor: string; counts: number; alias_identifiers: readonly string[] }[] = [];
  for (const mount of await authMounts(ctx)) {
    if (accessor !== undefined && accessor !== '' && mount.accessor !== accessor) continue;
    const aliases = await ctx.unsealed.lockout.locked(ctx.tx, mount.id);
    if (aliases.length > 0) found.push({ mount_accessor: mount.accessor, counts: aliases.length, alias_identifiers: aliases });
  }
  const total = found.reduce((sum, { counts }) => sum + counts, 0);
  const namespace = { namespace_id: 'root', namespace_path: '', counts: total, mount_accessors: found };
  return { data: { by_namespace: total === 0 ? [] : [namespace], total } };
}

async function unlock(ctx: HostContext, accessor: string, alias: string): Promise<undefined> {
  const mount = (await authMounts(ctx)).find((candidate) => candidate.accessor === accessor);
  if (mount === undefined) throw new StrongroomError('invalid', 'no auth method has this accessor');
  await ctx.unsealed.lockout.forget(ctx.tx, { mountId: mount.id, alias });
  return undefined;
}

/** The routes. */
export const authRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/auth', { summary: 'List auth methods', topLevel: true, read: { handler: list } }),
  ...hostRoute('sys/auth/{path+}', {
    summary: 'Read, enable and disable an auth method',
    access: 'sudo',
    topLevel: true,
    read: { handler: async (ctx, { path }) => ({ data: mountData(ctx, await existingMount(ctx, path, 'auth')) }) },
    update: { input: mountFields, handler: enable },
    delete: { handler: disable },
  }),
  ...hostRoute('sys/auth/{path+}/tune', {
    summary: 'Read and change the settings of an auth method',
    access: 'sudo',
    topLevel: true,
    read: { handler: async (ctx, { path }) => ({ data: tuneData(ctx, await existingMount(ctx, path, 'auth')) }) },
    update: { input: tuneInput, handler: async (ctx, { path }, input) => tuneMount(ctx, await existingMount(ctx, path, 'auth'), input) },
  }),
  ...hostRoute('sys/locked-users', {
    summary: 'Who is locked out',
    read: { input: { mount_accessor: s.optional(s.string()) }, handler: (ctx, _, input) => locked(ctx, input.mount_accessor) },
  }),
  ...hostRoute('sys/locked-users/{accessor}/unlock/{alias+}', {
    summary: 'End a lockout',
    update: { handler: (ctx, { accessor, alias }) => unlock(ctx, accessor, alias) },
  }),
};
