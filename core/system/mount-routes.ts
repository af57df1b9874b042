/** `sys/mounts`, `sys/auth` (read), and what the user interface and the CLI ask about mounts. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { defaultMountConfig, type Mount, type MountConfig, readMounts, writeMounts } from '../mounts/mount-table.ts';
import type { HostContext, HostReply, HostRoute } from '../request/host-route.ts';
import { hostRoute } from '../request/host-route.ts';
import { parseSeconds } from '../request/input.ts';
import { mountEngine, mountPath, unmountEngine } from './mount-change.ts';

const tuneFields = {
  default_lease_ttl: s.optional(s.string()),
  max_lease_ttl: s.optional(s.string()),
  force_no_cache: s.optional(s.boolean()),
  listing_visibility: s.optional(s.string({ oneOf: ['', 'hidden', 'unauth'] })),
  audit_non_hmac_request_keys: s.optional(s.stringList()),
  audit_non_hmac_response_keys: s.optional(s.stringList()),
  passthrough_request_headers: s.optional(s.stringList()),
  allowed_response_headers: s.optional(s.stringList()),
};

type TuneInput = s.InferFields<typeof tuneFields>;

/** A TTL of a mount: `""` means unchanged, `system` the system's. */
function ttl(name: string, text: string | undefined, now: number): number {
  if (text === undefined || text === '') return now;
  if (text === 'system') return 0;
  const seconds = parseSeconds(text);
  if (typeof seconds !== 'number' || seconds < 0 || !Number.isSafeInteger(seconds))
    throw new StrongroomError('invalid', `field ${name}: expected seconds or a duration such as 30m or 768h`);
  return seconds;
}

function tuned(config: MountConfig, input: TuneInput): MountConfig {
  const next: MountConfig = {
    defaultLeaseTtl: ttl('default_lease_ttl', input.default_lease_ttl, config.defaultLeaseTtl),
    maxLeaseTtl: ttl('max_lease_ttl', input.max_lease_ttl, config.maxLeaseTtl),
    forceNoCache: input.force_no_cache ?? config.forceNoCache,
    listingVisibility: (input.listing_visibility as MountConfig['listingVisibility'] | undefined) ?? config.listingVisibility,
    auditNonHmacRequestKeys: input.audit_non_hmac_request_keys ?? config.auditNonHmacRequestKeys,
    auditNonHmacResponseKeys: input.audit_non_hmac_response_keys ?? config.auditNonHmacResponseKeys,
    passthroughRequestHeaders: input.passthrough_request_headers ?? config.passthroughRequestHeaders,
    allowedResponseHeaders: input.allowed_response_headers ?? config.allowedResponseHeaders,
  };
  if (next.maxLeaseTtl > 0 && next.defaultLeaseTtl > next.maxLeaseTtl)
    throw new StrongroomError('invalid', 'field default_lease_ttl: must not exceed max_lease_ttl');
  return next;
}

function configData(ctx: HostContext, config: MountConfig, effective: boolean): Record<string, Json> {
  const { defaultTtl, maxTtl } = ctx.host.ttl;
  return {
    default_lease_ttl: effective && config.defaultLeaseTtl === 0 ? defaultTtl : config.defaultLeaseTtl,
    max_lease_ttl: effective && config.maxLeaseTtl === 0 ? maxTtl : config.maxLeaseTtl,
    force_no_cache: config.forceNoCache,
    ...(config.listingVisibility === '' ? {} : { listing_visibility: config.listingVisibility }),
    ...(config.auditNonHmacRequestKeys.length === 0 ? {} : { audit_non_hmac_request_keys: config.auditNonHmacRequestKeys }),
    ...(config.auditNonHmacResponseKeys.length === 0 ? {} : { audit_non_hmac_response_keys: config.auditNonHmacResponseKeys }),
    ...(config.passthroughRequestHeaders.length === 0 ? {} : { passthrough_request_headers: config.passthroughRequestHeaders }),
    ...(config.allowedResponseHeaders.length === 0 ? {} : { allowed_response_headers: config.allowedResponseHeaders }),
  };
}

function mountData(ctx: HostContext, mount: Mount): Record<string, Json> {
  return {
    accessor: mount.accessor,
    config: configData(ctx, mount.config, false),
    deprecation_status: 'supported',
    description: mount.description,
    external_entropy_access: false,
    local: false,
    options: mount.options,
    plugin_version: '',
    running_plugin_version: `v${mount.pluginVersion}`,
    running_sha256: '',
    seal_wrap: false,
    type: mount.type,
    uuid: mount.id,
  };
}

/** The host's own mounts, which no table holds. */
function builtIn(ctx: HostContext, type: 'system' | 'token'): Record<string, Json> {
  return {
    accessor: `${type}_00000000`,
    config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
    deprecation_status: 'supported',
    description: type === 'system' ? 'system endpoints used for control, policy and debugging' : 'token based credentials',
    external_entropy_access: false,
    local: false,
    options: null,
    plugin_version: '',
    running_plugin_version: '',
    running_sha256: '',
    seal_wrap: type === 'system',
    type,
    uuid: ctx.unsealed.barrier.clusterId,
  };
}

function optionTexts(options: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | null {
  return options === undefined || Object.keys(options).length === 0 ? null : { ...options };
}

async function existing(ctx: HostContext, raw: string): Promise<Mount> {
  const path = mountPath(raw);
  const mount = (await readMounts(ctx.tx)).at(path);
  if (mount === undefined) throw new StrongroomError('invalid', `No secret engine mount at ${path}`);
  return mount;
}

async function listMounts(ctx: HostContext): Promise<HostReply> {
  const data: Record<string, Json> = {};
  for (const mount of (await readMounts(ctx.tx)).mounts) if (mount.class === 'secret') data[mount.path] = mountData(ctx, mount);
  data['sys/'] = builtIn(ctx, 'system');
  return { data };
}

const mountInput = {
  type: s.optional(s.string({ maxLength: 128 })),
  plugin_name: s.optional(s.string({ maxLength: 128 })),
  description: s.optional(s.string({ maxLength: 4096 })),
  options: s.optional(s.stringMap()),
  config: s.optional(s.object(tuneFields)),
  local: s.optional(s.boolean()),
  seal_wrap: s.optional(s.boolean()),
  external_entropy_access: s.optional(s.boolean()),
};

const noTune: TuneInput = {} as TuneInput;

const enable = async (
  ctx: HostContext,
  { path }: { readonly path: string },
  input: s.InferFields<typeof mountInput>,
): Promise<HostReply> => {
  const named = input.type ?? '';
  const type = named === '' || named === 'plugin' ? (input.plugin_name ?? '') : named;
  if (type === '') throw new StrongroomError('invalid', 'field type: backend type must be specified as a string');
  const { keyring } = await mountEngine(ctx.tx, ctx.unsealed, {
    path,
    type,
    description: input.description ?? '',
    options: optionTexts(input.options),
    config: tuned(defaultMountConfig, input.config ?? noTune),
  });
  return { keyring };
};

async function uiMounts(ctx: HostContext): Promise<HostReply> {
  const acl = ctx.caller === undefined ? undefined : await ctx.unsealed.policies.acl(ctx.tx, ctx.caller.record.policies);
  const secret: Record<string, Json> = {};
  for (const mount of (await readMounts(ctx.tx)).mounts) {
    if (mount.config.listingVisibility === 'unauth' || acl?.grantsAnyUnder(mount.path) === true) {
      secret[mount.path] = { type: mount.type, description: mount.description, options: mount.options };
    }
  }
  return { data: { auth: { 'token/': { type: 'token', description: 'token based credentials', options: null } }, secret } };
}

async function uiMount(ctx: HostContext, path: string): Promise<HostReply> {
  const mount = (await readMounts(ctx.tx)).serving(path);
  const acl = ctx.caller === undefined ? undefined : await ctx.unsealed.policies.acl(ctx.tx, ctx.caller.record.policies);
  if (mount === undefined || acl?.grantsAnyUnder(mount.path) !== true) {
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
    read: { handler: async (ctx, { path }) => ({ data: mountData(ctx, await existing(ctx, path)) }) },
    update: {
      input: mountInput,
      handler: enable,
    },
    delete: { handler: async (ctx, { path }) => unmountEngine(ctx.tx, ctx.unsealed, path) },
  }),
  ...hostRoute('sys/mounts/{path+}/tune', {
    summary: 'Read and change the settings of a mount',
    topLevel: true,
    read: {
      handler: async (ctx, { path }) => {
        const mount = await existing(ctx, path);
        return {
          data: {
            ...configData(ctx, mount.config, true),
            description: mount.description,
            ...(mount.options === null ? {} : { options: mount.options }),
          },
        };
      },
    },
    update: {
      input: { ...tuneFields, description: mountInput.description, options: mountInput.options },
      handler: (ctx, { path }, input) => tune(ctx, path, input),
    },
  }),
  ...hostRoute('sys/auth', {
    summary: 'List auth methods',
    topLevel: true,
    read: { handler: (ctx) => ({ data: { 'token/': builtIn(ctx, 'token') } }) },
  }),
  ...hostRoute('sys/internal/ui/mounts', { summary: 'Mounts the caller has any access to', access: 'public', read: { handler: uiMounts } }),
  ...hostRoute('sys/internal/ui/mounts/{path+}', {
    summary: 'The mount that serves a path',
    access: 'public',
    read: { handler: (ctx, { path }) => uiMount(ctx, path) },
  }),
};

async function tune(
  ctx: HostContext,
  path: string,
  input: TuneInput & { readonly description?: string | undefined; readonly options?: Readonly<Record<string, string>> | undefined },
): Promise<undefined> {
  const mount = await existing(ctx, path);
  const changed: Mount = {
    ...mount,
    description: input.description ?? mount.description,
    options: optionTexts({ ...mount.options, ...input.options }),
    config: tuned(mount.config, input),
  };
  writeMounts(ctx.tx, (await readMounts(ctx.tx)).with(changed));
  return undefined;
}
