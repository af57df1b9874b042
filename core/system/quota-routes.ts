/** `sys/quotas/…`: how many requests of an address, and how many leases, parts of the server bear. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { readMounts } from '../mounts/mount-table.ts';
import { canonicalPath } from '../request/canonical-path.ts';
import { countLeases } from '../lease/lease-count.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { type LeaseQuota, placePath, type QuotaConfig, type QuotaPlace, type RateQuota } from '../request/quota.ts';
import {
  deleteQuota,
  type QuotaKind,
  type QuotaKinds,
  quotaNames,
  readQuota,
  readQuotaConfig,
  readQuotas,
  writeQuota,
  writeQuotaConfig,
} from '../request/quota-store.ts';
import { hostMountPath } from '../request/route.ts';

const nameMax = 256;
const pathsMax = 1000;
const secondsMax = 366 * 86_400;

const placeInput = {
  path: s.optional(s.string({ maxLength: 4096 })),
  role: s.optional(s.string({ maxLength: 1024 })),
  inheritable: s.optional(s.boolean()),
};
const rateInput = {
  ...placeInput,
  type: s.optional(s.string()),
  rate: s.optional(s.string()),
  interval: s.optional(s.duration()),
  block_interval: s.optional(s.duration()),
};
const leaseInput = { ...placeInput, type: s.optional(s.string()), max_leases: s.integer({ minimum: 1 }) };
const configInput = {
  rate_limit_exempt_paths: s.optional(s.stringList()),
  absolute_rate_limit_exempt_paths: s.optional(s.stringList()),
  enable_rate_limit_audit_logging: s.optional(s.boolean()),
  enable_rate_limit_response_headers: s.optional(s.boolean()),
};

/** Where a quota is to hold. @throws StrongroomError `invalid` naming the field */
async function placeOf({ tx }: HostContext, { path = '', role = '', inheritable }: s.InferFields<typeof placeInput>): Promise<QuotaPlace> {
  const bare = path.replace(/^\//, '').replace(/\/$/, '');
  if (bare === '') {
    if (role !== '') throw new StrongroomError('invalid', 'field role: needs the path of an auth mount');
    return { mount: '', suffix: '', role };
  }
  if (inheritable === true) throw new StrongroomError('invalid', 'field inheritable: only a quota for a whole namespace can be inherited');
  const canonical = canonicalPath(bare);
  const mount = (await readMounts(tx)).serving(canonical);
  const mountPath = mount?.path ?? hostMountPath(canonical);
  if (mountPath === undefined) throw new StrongroomError('invalid', 'field path: invalid mount path');
  const suffix = `${canonical}/`.slice(mountPath.length).replace(/\/$/, '');
  if (role !== '' && suffix !== '') throw new StrongroomError('invalid', 'field role: quotas cannot contain both a path suffix and a role');
  if (role !== '' && mount?.class !== 'auth') throw new StrongroomError('invalid', 'field role: the path is not that of an auth mount');
  return { mount: mountPath, suffix, role };
}

/** Writes a quota, unless another of its kind is for the same place. */
async function put<K extends QuotaKind>(ctx: HostContext, kind: K, quota: QuotaKinds[K]): Promise<HostReply> {
  if (quota.name.length > nameMax || quota.name.includes('/'))
    throw new StrongroomError('invalid', `quota name: must have 1 to ${nameMax} characters and no slash`);
  const same = (await readQuotas(ctx.tx, kind)).find(
    (other) => other.name !== quota.name && placePath(other) === placePath(quota) && other.role === quota.role,
  );
  if (same !== undefined) throw new StrongroomError('invalid', `quota rule with similar properties exists under the name "${same.name}"`);
  writeQuota(ctx.tx, kind, quota);
  return reloading(ctx);
}

/** The change holds, in this server, before it is answered. */
function reloading({ unsealed }: HostContext): HostReply {
  return { after: () => unsealed.quotas.load() };
}

async function putRate(ctx: HostContext, name: string, input: s.InferFields<typeof rateInput>): Promise<HostReply> {
  const rate = Number(input.rate ?? 'none');
  if (!Number.isFinite(rate) || rate <= 0 || rate > 1e9)
    throw new StrongroomError('invalid', 'field rate: must be above 0 and at most 1000000000');
  const interval = input.interval || 1;
  const blockInterval = input.block_interval ?? 0;
  for (const [field, seconds] of Object.entries({ interval, block_interval: blockInterval }))
    if (seconds > secondsMax) throw new StrongroomError('invalid', `field ${field}: at most ${secondsMax} seconds`);
  return put(ctx, 'rate-limit', { ...(await placeOf(ctx, input)), name, rate, interval, blockInterval });
}

async function putLease(ctx: HostContext, name: string, input: s.InferFields<typeof leaseInput>): Promise<HostReply> {
  if ((input.role ?? '') !== '') throw new StrongroomError('invalid', 'field role: leases are not counted by role');
  return put(ctx, 'lease-count', { ...(await placeOf(ctx, input)), name, maxLeases: input.max_leases });
}

function rateData(_: HostContext, { name, rate, interval, blockInterval, ...place }: RateQuota): Json {
  return { block_interval: blockInterval, interval, name, path: placePath(place), rate, role: place.role, type: 'rate-limit' };
}

async function leaseData({ unsealed }: HostContext, { name, maxLeases, ...place }: LeaseQuota): Promise<Json> {
  const counter = await countLeases(unsealed.storage, placePath(place), maxLeases);
  return { counter, max_leases: maxLeases, name, path: placePath(place), role: place.role, type: 'lease-count' };
}

async function changeConfig(ctx: HostContext, input: s.InferFields<typeof configInput>): Promise<HostReply> {
  const old = await readQuotaConfig(ctx.tx);
  const paths = (field: keyof typeof configInput, given: readonly string[] | undefined): readonly string[] | undefined => {
    if (given !== undefined && given.length > pathsMax) throw new StrongroomError('invalid', `field ${field}: at most ${pathsMax} paths`);
    return given?.map((path) => path.replace(/^\//, '')).filter((path) => path !== '');
  };
  const config: QuotaConfig = {
    exemptPaths: paths('rate_limit_exempt_paths', input.rate_limit_exempt_paths) ?? old.exemptPaths,
    absoluteExemptPaths: paths('absolute_rate_limit_exempt_paths', input.absolute_rate_limit_exempt_paths) ?? old.absoluteExemptPaths,
    auditLogging: input.enable_rate_limit_audit_logging ?? old.auditLogging,
    responseHeaders: input.enable_rate_limit_response_headers ?? old.responseHeaders,
  };
  writeQuotaConfig(ctx.tx, config);
  return reloading(ctx);
}

async function configData(ctx: HostContext): Promise<HostReply> {
  const { exemptPaths, absoluteExemptPaths, auditLogging, responseHeaders } = await readQuotaConfig(ctx.tx);
  return {
    data: {
      absolute_rate_limit_exempt_paths: absoluteExemptPaths,
      enable_rate_limit_audit_logging: auditLogging,
      enable_rate_limit_response_headers: responseHeaders,
      rate_limit_exempt_paths: exemptPaths,
    },
  };
}

async function read<K extends QuotaKind>(
  ctx: HostContext,
  kind: K,
  name: string,
  shown: (ctx: HostContext, quota: QuotaKinds[K]) => Json | Promise<Json>,
): Promise<HostReply | undefined> {
  const quota = await readQuota(ctx.tx, kind, name);
  return quota === undefined ? undefined : { data: await shown(ctx, quota) };
}

function remove(ctx: HostContext, kind: QuotaKind, name: string): HostReply {
  deleteQuota(ctx.tx, kind, name);
  return reloading(ctx);
}

async function list(ctx: HostContext, kind: QuotaKind): Promise<HostReply | undefined> {
  const keys = await quotaNames(ctx.tx, kind);
  return keys.length === 0 ? undefined : { data: { keys } };
}

/** The routes. */
export const quotaRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/quotas/config', {
    summary: 'What holds for all quotas',
    read: { handler: configData },
    update: { input: configInput, handler: (ctx, _, input) => changeConfig(ctx, input) },
  }),
  ...hostRoute('sys/quotas/rate-limit', { summary: 'Names of rate limits', list: { handler: (ctx) => list(ctx, 'rate-limit') } }),
  ...hostRoute('sys/quotas/rate-limit/{name}', {
    summary: 'How often an address may ask',
    read: { handler: (ctx, { name }) => read(ctx, 'rate-limit', name, rateData) },
    update: { input: rateInput, handler: (ctx, { name }, input) => putRate(ctx, name, input) },
    delete: { handler: (ctx, { name }) => remove(ctx, 'rate-limit', name) },
  }),
  ...hostRoute('sys/quotas/lease-count', { summary: 'Names of lease counts', list: { handler: (ctx) => list(ctx, 'lease-count') } }),
  ...hostRoute('sys/quotas/lease-count/{name}', {
    summary: 'How many leases there may be',
    read: { handler: (ctx, { name }) => read(ctx, 'lease-count', name, leaseData) },
    update: { input: leaseInput, handler: (ctx, { name }, input) => putLease(ctx, name, input) },
    delete: { handler: (ctx, { name }) => remove(ctx, 'lease-count', name) },
  }),
};
