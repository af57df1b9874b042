/** The settings of mounts and auth methods: how they are tuned, and how answers show them. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { defaultLockout, type LockoutConfig } from '../identity/lockout.ts';
import { type RoleTokenType, roleTokenTypes } from '../identity/token-role.ts';
import { checkMountHeaders } from '../mounts/mount-headers.ts';
import { lockoutOf, type Mount, type MountConfig, tokenTypeOfMount } from '../mounts/mount-table.ts';
import type { HostContext } from '../request/host-route.ts';
import { parseSeconds } from '@strongroom/sdk-plugin/hosting';

type Optional<T> = s.Schema<T | undefined>;

/** The fields of `tune`, and of `config` when a mount is made. */
export interface TuneFields extends s.Fields {
  readonly default_lease_ttl: Optional<string>;
  readonly max_lease_ttl: Optional<string>;
  readonly force_no_cache: Optional<boolean>;
  readonly listing_visibility: Optional<string>;
  readonly audit_non_hmac_request_keys: Optional<readonly string[]>;
  readonly audit_non_hmac_response_keys: Optional<readonly string[]>;
  readonly passthrough_request_headers: Optional<readonly string[]>;
  readonly allowed_response_headers: Optional<readonly string[]>;
  readonly token_type: Optional<string>;
  readonly plugin_version: Optional<string>;
  readonly allowed_managed_keys: Optional<readonly string[]>;
  readonly delegated_auth_accessors: Optional<readonly string[]>;
  readonly identity_token_key: Optional<string>;
  readonly user_lockout_config: Optional<LockoutInput>;
}

interface LockoutInput {
  readonly lockout_threshold: string | undefined;
  readonly lockout_duration: string | undefined;
  readonly lockout_counter_reset_duration: string | undefined;
  readonly lockout_counter_reset: string | undefined;
  readonly lockout_disable: boolean | undefined;
}

/** What the fields carry. */
export type TuneInput = s.InferFields<TuneFields>;

/** The fields. Those of the tokens and the lockout are for auth methods. */
export const tuneFields: TuneFields = {
  default_lease_ttl: s.optional(s.string()),
  max_lease_ttl: s.optional(s.string()),
  force_no_cache: s.optional(s.boolean()),
  listing_visibility: s.optional(s.string({ oneOf: ['', 'hidden', 'unauth'] })),
  audit_non_hmac_request_keys: s.optional(s.stringList()),
  audit_non_hmac_response_keys: s.optional(s.stringList()),
  passthrough_request_headers: s.optional(s.stringList()),
  allowed_response_headers: s.optional(s.stringList()),
  token_type: s.optional(s.string({ oneOf: ['', 'default', ...roleTokenTypes] })),
  plugin_version: s.optional(s.string({ maxLength: 64 })),
  allowed_managed_keys: s.optional(s.stringList()),
  delegated_auth_accessors: s.optional(s.stringList()),
  identity_token_key: s.optional(s.string({ maxLength: 256 })),
  user_lockout_config: s.optional(
    s.object({
      lockout_threshold: s.optional(s.string()),
      lockout_duration: s.optional(s.string()),
      lockout_counter_reset_duration: s.optional(s.string()),
      lockout_counter_reset: s.optional(s.string()),
      lockout_disable: s.optional(s.boolean()),
    }),
  ),
};

/** Bounds of the failures that lock an alias. */
const thresholdMax = 1_000_000;

/** A TTL of a mount: `""` means unchanged, `system` the system's. */
function ttl(name: string, text: string | undefined, now: number): number {
  if (text === undefined || text === '') return now;
  if (text === 'system') return 0;
  const seconds = parseSeconds(text);
  if (typeof seconds !== 'number' || seconds < 0 || !Number.isSafeInteger(seconds))
    throw new StrongroomError('invalid', `field ${name}: expected seconds or a duration such as 30m or 768h`);
  return seconds;
}

function lockoutTime(name: string, text: string | undefined, now: number): number {
  const seconds = ttl(`user_lockout_config.${name}`, text, now);
  if (seconds < 1) throw new StrongroomError('invalid', `field user_lockout_config.${name}: must be at least one second`);
  return seconds;
}

function tunedLockout(now: LockoutConfig, input: LockoutInput): LockoutConfig {
  const text = input.lockout_threshold ?? '';
  const threshold = text === '' ? now.threshold : /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (threshold < 1 || threshold > thresholdMax)
    throw new StrongroomError('invalid', `field user_lockout_config.lockout_threshold: must be from 1 to ${thresholdMax}`);
  const counterReset = input.lockout_counter_reset_duration ?? input.lockout_counter_reset;
  return {
    threshold,
    duration: lockoutTime('lockout_duration', input.lockout_duration, now.duration),
    counterReset: lockoutTime('lockout_counter_reset_duration', counterReset, now.counterReset),
    disabled: input.lockout_disable ?? now.disabled,
  };
}

/** What this server does not have is refused, not left out: whoever sets it counts on it. */
function refuseUnknown(input: Partial<TuneInput>): void {
  for (const name of ['allowed_managed_keys', 'delegated_auth_accessors', 'identity_token_key'] as const)
    if ((input[name]?.length ?? 0) > 0) throw new StrongroomError('invalid', `field ${name}: is not supported by this server`);
}

/** @throws StrongroomError `invalid` for another version of the plugin than the one that serves the mount */
export function checkPluginVersion(asked = '', running: string): void {
  if (asked !== '' && asked.replace(/^v/, '') !== running)
    throw new StrongroomError('invalid', `field plugin_version: version ${running} serves this mount, and there is no other`);
}

/** The settings after an input. @throws StrongroomError `invalid` naming the field and the bound */
export function tuned(config: MountConfig, input: Partial<TuneInput>, mountClass: Mount['class'] = 'secret'): MountConfig {
  refuseUnknown(input);
  const lockout = input.user_lockout_config;
  if (mountClass === 'secret' && lockout !== undefined)
    throw new StrongroomError('invalid', 'field user_lockout_config: only auth methods have a user lockout');
  const tokenType = input.token_type ?? '';
  if (mountClass === 'secret' && tokenType !== '')
    throw new StrongroomError('invalid', "field token_type: 'token_type' can only be modified on auth mounts");
  const next: MountConfig = {
    ...config,
    defaultLeaseTtl: ttl('default_lease_ttl', input.default_lease_ttl, config.defaultLeaseTtl),
    maxLeaseTtl: ttl('max_lease_ttl', input.max_lease_ttl, config.maxLeaseTtl),
    forceNoCache: input.force_no_cache ?? config.forceNoCache,
    listingVisibility: (input.listing_visibility as MountConfig['listingVisibility'] | undefined) ?? config.listingVisibility,
    auditNonHmacRequestKeys: input.audit_non_hmac_request_keys ?? config.auditNonHmacRequestKeys,
    auditNonHmacResponseKeys: input.audit_non_hmac_response_keys ?? config.auditNonHmacResponseKeys,
    passthroughRequestHeaders: input.passthrough_request_headers ?? config.passthroughRequestHeaders,
    allowedResponseHeaders: input.allowed_response_headers ?? config.allowedResponseHeaders,
    ...(lockout === undefined ? {} : { lockout: tunedLockout(config.lockout ?? defaultLockout, lockout) }),
    ...(tokenType === '' ? {} : { tokenType: tokenType === 'default' ? 'default-service' : (tokenType as RoleTokenType) }),
  };
  checkMountHeaders(next);
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

/** Under the names that answers use, which are not those of the input. */
function lockoutData({ threshold, duration, counterReset, disabled }: LockoutConfig): Record<string, Json> {
  return {
    user_lockout_threshold: threshold,
    user_lockout_duration: duration,
    user_lockout_counter_reset_duration: counterReset,
    user_lockout_disable: disabled,
  };
}

/** A mount in a list. */
export function mountData(ctx: HostContext, mount: Mount): Record<string, Json> {
  const auth: Record<string, Json> =
    mount.class === 'auth'
      ? {
          token_type: tokenTypeOfMount(mount),
          ...(mount.config.lockout === undefined ? {} : { user_lockout_config: lockoutData(mount.config.lockout) }),
        }
      : {};
  return {
    accessor: mount.accessor,
    config: { ...configData(ctx, mount.config, false), ...auth },
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

/** What a read of `tune` answers. */
export function tuneData(ctx: HostContext, mount: Mount): Record<string, Json> {
  return {
    ...configData(ctx, mount.config, true),
    description: mount.description,
    ...(mount.class === 'auth' ? { token_type: tokenTypeOfMount(mount), ...lockoutData(lockoutOf(mount)) } : {}),
    ...(mount.options === null ? {} : { options: mount.options }),
  };
}

/** What the host itself serves, with descriptions. */
export const builtInMounts = {
  system: 'system endpoints used for control, policy and debugging',
  cubbyhole: 'per-token private secret storage',
  identity: 'identity store',
  token: 'token based credentials',
} as const;

/** The host's own mounts, which no table holds. */
export function builtIn(ctx: HostContext, type: keyof typeof builtInMounts): Record<string, Json> {
  return {
    accessor: type === 'token' ? 'auth_token_00000000' : `${type}_00000000`,
    config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
    deprecation_status: 'supported',
    description: builtInMounts[type],
    external_entropy_access: false,
    local: type === 'cubbyhole',
    options: null,
    plugin_version: '',
    running_plugin_version: '',
    running_sha256: '',
    seal_wrap: type === 'system',
    type,
    uuid: ctx.unsealed.barrier.clusterId,
  };
}

/** Options as they are kept: null for none. */
export function optionTexts(options: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | null {
  return options === undefined || Object.keys(options).length === 0 ? null : { ...options };
}

/** The input that makes a mount. */
export interface MountFields extends s.Fields {
  readonly type: Optional<string>;
  readonly plugin_name: Optional<string>;
  readonly description: Optional<string>;
  readonly options: Optional<Readonly<Record<string, string>>>;
  readonly config: Optional<TuneInput>;
  readonly local: Optional<boolean>;
  readonly seal_wrap: Optional<boolean>;
  readonly external_entropy_access: Optional<boolean>;
}

/** What the fields carry. */
export type MountInput = s.InferFields<MountFields>;

/** The fields. */
export const mountFields: MountFields = {
  type: s.optional(s.string({ maxLength: 128 })),
  plugin_name: s.optional(s.string({ maxLength: 128 })),
  description: s.optional(s.string({ maxLength: 4096 })),
  options: s.optional(s.stringMap()),
  config: s.optional(s.object(tuneFields)),
  local: s.optional(s.boolean()),
  seal_wrap: s.optional(s.boolean()),
  external_entropy_access: s.optional(s.boolean()),
};

/** The type that an input names. @throws StrongroomError `invalid` when it names none */
export function namedType({ type = '', plugin_name: plugin = '' }: Pick<MountInput, 'type' | 'plugin_name'>): string {
  const named = type === '' || type === 'plugin' ? plugin : type;
  if (named === '') throw new StrongroomError('invalid', 'field type: backend type must be specified as a string');
  return named;
}
