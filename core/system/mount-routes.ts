/** `sys/mounts`, and what the user interface and the CLI ask about mounts. */
import type { Json } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { defaultMountConfig, type Mount, readMounts } from '../mounts/mount-table.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { aclOfToken } from '../request/rights.ts';
import { hostMountType, isHostPath } from '../request/route.ts';
import { mountEngine, unmountEngine } from './mount-change.ts';
import {
  builtIn,
  builtInMounts,
  mountData,
  mountFields,
  type MountInput,
  namedType,
  optionTexts,
  tuned,
  tuneData,
} from './mount-settings.ts';
import { existingMount, tuneInput, tuneMount } from './mount-tune.ts';

async function listMounts(ctx: HostContext): Promise<HostReply> {
  const data: Record<string, Json> = {};
  for (const mount of (await readMounts(ctx.tx)).mounts) if (mount.class === 'secret') data[mount.path] = mountData(ctx, mount);
  data['sys/'] = builtIn(ctx, 'system');
  data['cubbyhole/'] = builtIn(ctx, 'cubbyhole');
  data['identity/'] = builtIn(ctx, 'identity');
  return { data };
}

async function enable(ctx: HostContext, { path }: { readonly path: string }, input: MountInput): Promise<HostReply> {
  const { keyring } = await mountEngine(ctx.tx, ctx.unsealed, {
    path,
    type: namedType(input),
    description: input.description ?? '',
    options: optionTexts(input.options),
    config: tuned(defaultMountConfig, input.config ?? {}),
  });
  return { keyring };
}

/** The CLI tunes auth methods here, too: `sys/mounts/auth/userpass/tune`. */
function tunable(ctx: HostContext, path: string): Promise<Mount> {
  return path.startsWith('auth/') ? existingMount(ctx, path.slice(5), 'auth') : existingMount(ctx, path, 'secret');
}

async function uiMounts(ctx: HostContext): Promise<HostReply> {
  const acl = await aclOfToken(ctx.unsealed, ctx.tx, ctx.caller);
  const secret: Record<string, Json> = {};
  if (acl.grantsAnyUnder('cubbyhole/')) secret['cubbyhole/'] = { type: 'cubbyhole', description: builtInMounts.cubbyhole, options: null };
  const auth: Record<string, Json> = { 'token/': { type: 'token', description: 'token based credentials', options: null } };
  for (const mount of (await readMounts(ctx.tx)).mounts) {
    if (mount.config.listingVisibility !== 'unauth' && !acl.grantsAnyUnder(mount.path)) continue;
    const shown = { type: mount.type, description: mount.description, options: mount.options };
    if (mount.class === 'auth') auth[mount.path.slice(5)] = shown;
    else secret[mount.path] = shown;
  }
  return { data: { auth, secret } };
}

async function uiMount(ctx: HostContext, path: string): Promise<HostReply> {
  const mount = (await readMounts(ctx.tx)).serving(path);
  const acl = await aclOfToken(ctx.unsealed, ctx.tx, ctx.caller);
  if (isHostPath(path) && hostMountType(path) === 'cubbyhole' && acl.grantsAnyUnder('cubbyhole/'))
    return { data: { ...builtIn(ctx, 'cubbyhole'), path: 'cubbyhole/' } };
  if (mount === undefined || !acl.grantsAnyUnder(mount.path)) {
    throw new StrongroomError(
      'denied',
      `preflight capability check returned 403, please ensure client's policies grant access to path "${path}/"`,
    );
  }
  return { data: { ...mountData(ctx, mount), path: mount.path } };
}

/** The routes. */
export const mountRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/mounts', { summary: 'List mounted engines', topLevel: true, read: { handler: listMounts } }),
  ...hostRoute('sys/mounts/{path+}', {
    summary: 'Read, enable and disable a mount',
    topLevel: true,
    read: { handler: async (ctx, { path }) => ({ data: mountData(ctx, await existingMount(ctx, path, 'secret')) }) },
    update: { input: mountFields, handler: enable },
    delete: { handler: async (ctx, { path }) => unmountEngine(ctx.tx, ctx.unsealed, path, 'secret', ctx.recorded) },
  }),
  ...hostRoute('sys/mounts/{path+}/tune', {
    summary: 'Read and change the settings of a mount',
    topLevel: true,
    read: { handler: async (ctx, { path }) => ({ data: tuneData(ctx, await tunable(ctx, path)) }) },
    update: { input: tuneInput, handler: async (ctx, { path }, input) => tuneMount(ctx, await tunable(ctx, path), input) },
  }),
  ...hostRoute('sys/internal/ui/mounts', { summary: 'Mounts the caller has any access to', access: 'public', read: { handler: uiMounts } }),
  ...hostRoute('sys/internal/ui/mounts/{path+}', {
    summary: 'The mount that serves a path',
    access: 'public',
    read: { handler: (ctx, { path }) => uiMount(ctx, path) },
  }),
};
