/** `sys/leases/…`: looking at leases, of engines and of tokens, renewing and revoking them. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { findByLease, listTokenLeases, revokeTokensUnder } from '../identity/token-lease.ts';
import { beginEnding, type LeaseRecord, listLeases, readLease } from '../lease/lease-store.ts';
import { readMounts } from '../mounts/mount-table.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { rfc3339 } from '../request/time-text.ts';

const idMax = 8192;
const lookupInput = { lease_id: s.string({ maxLength: idMax }) };
const renewInput = {
  lease_id: s.optional(s.string({ maxLength: idMax })),
  increment: s.optional(s.duration()),
};
const revokeInput = { lease_id: s.optional(s.string({ maxLength: idMax })), sync: s.optional(s.boolean()) };

/** The lease of a request: in its path, or in its body. */
function idOf(inPath: string | undefined, { lease_id: inBody }: { readonly lease_id?: string | undefined }): string {
  const id = inPath ?? inBody;
  if (id === undefined || id === '') throw new StrongroomError('invalid', 'missing required field lease_id');
  return id;
}

/** When a lease began and ends, in milliseconds since 1970. */
type Times = Pick<LeaseRecord, 'issuedAt' | 'expiresAt' | 'renewedAt' | 'renewable'>;

async function timesOf({ tx, unsealed }: HostContext, id: string): Promise<Times> {
  const token = await findByLease(tx, unsealed.tokens, id);
  if (token !== undefined) {
    const { createdAt, expiresAt = 0, lastRenewedAt, renewable } = token.record;
    return { issuedAt: createdAt, expiresAt, renewable, ...(lastRenewedAt === undefined ? {} : { renewedAt: lastRenewedAt }) };
  }
  const lease = await readLease(tx, id);
  if (lease?.state !== 'active') throw new StrongroomError('invalid', 'invalid lease');
  return lease;
}

async function lookUp(ctx: HostContext, { lease_id: id }: s.InferFields<typeof lookupInput>): Promise<HostReply> {
  const { issuedAt, expiresAt, renewedAt, renewable } = await timesOf(ctx, id);
  return {
    data: {
      id,
      issue_time: rfc3339(issuedAt),
      expire_time: rfc3339(expiresAt),
      last_renewal: renewedAt === undefined ? null : rfc3339(renewedAt),
      renewable,
      ttl: Math.max(0, Math.floor((expiresAt - ctx.unsealed.clock.now()) / 1000)),
    },
  };
}

/** Names below a prefix ('' or with its slash), in order. */
async function listBelow({ tx, unsealed }: HostContext, prefix: string): Promise<HostReply | undefined> {
  const issued = await listLeases(tx, prefix);
  const mayHaveTokens = prefix === '' || prefix.startsWith('auth/');
  const keys = mayHaveTokens
    ? [...new Set([...issued, ...(await listTokenLeases(unsealed, prefix, unsealed.clock.now()))])].sort()
    : issued;
  return keys.length === 0 ? undefined : { data: { keys } };
}

async function renew(ctx: HostContext, id: string, increment = 0): Promise<HostReply> {
  if ((await findByLease(ctx.tx, ctx.unsealed.tokens, id)) !== undefined)
    throw new StrongroomError('invalid', 'tokens cannot be renewed through this endpoint');
  const lease: LeaseRecord = await ctx.outside(() => ctx.unsealed.leases.renew(id, increment));
  const duration = Math.floor((lease.expiresAt - (lease.renewedAt ?? lease.issuedAt)) / 1000);
  return { lease: { id, renewable: lease.renewable, duration } };
}

/** From the commit on the lease can't be used or renewed; `sync` waits until it is ended outside as well. */
async function revoke({ tx, unsealed }: HostContext, id: string, sync = false): Promise<HostReply | undefined> {
  const token = await findByLease(tx, unsealed.tokens, id);
  if (token !== undefined) {
    await unsealed.tokens.revoke(tx, token.hash);
    return { urgent: true };
  }
  const lease = await beginEnding(tx, id, unsealed.clock.now());
  if (lease === undefined) return undefined;
  return { urgent: true, after: () => (sync ? unsealed.leases.end(id) : unsealed.leases.wake()) };
}

/** A prefix as a client names it: a lease by its whole id, or all below a path. */
async function revokeBelow(
  ctx: HostContext,
  named: string,
  { sync = true }: { readonly sync?: boolean | undefined },
  force: boolean,
): Promise<HostReply> {
  const { leases } = ctx.unsealed;
  const bare = named.replace(/\/$/, '');
  const { unsealed } = ctx;
  if (bare.startsWith('auth/'))
    await ctx.outside<unknown>(() => revokeTokensUnder(unsealed, unsealed.tokens, `${bare}/`, unsealed.clock.now()));
  if (force) await ctx.outside(() => leases.endUnder(`${bare}/`, true));
  else if ((await readLease(ctx.tx, bare)) !== undefined) return (await revoke(ctx, bare, sync)) ?? {};
  else await ctx.outside<unknown>(() => (sync ? leases.endUnder(`${bare}/`, false) : leases.giveUpUnder(`${bare}/`)));
  return {};
}

const countInput = { type: s.string({ oneOf: ['irrevocable'] }), include_child_namespaces: s.optional(s.boolean()) };
const listInput = { ...countInput, limit: s.optional(s.string()) };
/** Leases that one answer lists, unless it is asked for more. */
const listMax = 10_000;

async function count(ctx: HostContext): Promise<HostReply> {
  const counts: Record<string, number> = {};
  const leases = await ctx.unsealed.leases.irrevocable();
  const { mounts } = await readMounts(ctx.tx);
  for (const { mountId } of leases) {
    const path = mounts.find(({ id }) => id === mountId)?.path ?? mountId;
    counts[path] = (counts[path] ?? 0) + 1;
  }
  return { data: { lease_count: leases.length, counts } };
}

async function list(ctx: HostContext, { limit = '' }: s.InferFields<typeof listInput>): Promise<HostReply> {
  const most = limit === '' ? listMax : limit === 'none' ? Number.POSITIVE_INFINITY : /^\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (most < 1) throw new StrongroomError('invalid', 'field limit: must be a positive whole number, or none');
  const leases = await ctx.unsealed.leases.irrevocable();
  const shown = leases.slice(0, most).map(({ id, attempts }) => ({ lease_id: id, error: `could not be revoked in ${attempts} tries` }));
  return {
    data: { lease_count: leases.length, leases: shown },
    ...(leases.length > shown.length
      ? { warnings: [`only ${shown.length} of ${leases.length} leases are listed; limit=none lists all`] }
      : {}),
  };
}

/** One at a time. */
function tidy({ unsealed }: HostContext): HostReply {
  if (!unsealed.leases.startTidy()) return { warnings: ['a tidy of the leases is under way'] };
  return { status: 202, warnings: ['the tidy has begun: the log says what it found'] };
}

/** The routes. */
export const leaseRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/leases/lookup', {
    summary: 'A lease',
    update: { input: lookupInput, handler: (ctx, _, input) => lookUp(ctx, input) },
    list: {
      summary: 'the first parts of all ids, for sudo',
      handler: (ctx) => {
        if (!ctx.sudo) throw new StrongroomError('denied', '1 error occurred:\n\t* permission denied\n\n');
        return listBelow(ctx, '');
      },
    },
  }),
  ...hostRoute('sys/leases/lookup/{prefix+}', {
    summary: 'Leases below a prefix',
    access: 'sudo',
    list: { handler: (ctx, { prefix }) => listBelow(ctx, prefix.endsWith('/') ? prefix : `${prefix}/`) },
  }),
  ...hostRoute('sys/leases', {
    summary: 'Leases that could not be revoked',
    access: 'sudo',
    read: { input: listInput, handler: (ctx, _, input) => list(ctx, input) },
  }),
  ...hostRoute('sys/leases/count', {
    summary: 'How many leases could not be revoked',
    read: { input: countInput, handler: (ctx) => count(ctx) },
  }),
  ...hostRoute('sys/leases/tidy', { summary: 'Remove what leads to no lease', update: { handler: (ctx) => tidy(ctx) } }),
  ...prefixPaths('revoke-prefix', 'End all leases below a path', false),
  ...prefixPaths('revoke-force', 'End all leases below a path, and forget those that can not be ended', true),
  ...leasePaths('renew', (template) =>
    hostRoute(template, {
      summary: 'Make a lease last longer',
      update: {
        input: renewInput,
        handler: (ctx, params, input) => renew(ctx, idOf((params as { readonly id?: string }).id, input), input.increment),
      },
    }),
  ),
  ...leasePaths('revoke', (template) =>
    hostRoute(template, {
      summary: 'End a lease',
      update: {
        input: revokeInput,
        handler: (ctx, params, input) => revoke(ctx, idOf((params as { readonly id?: string }).id, input), input.sync),
      },
    }),
  ),
};

/** With the id in the body or in the path, by today's name and by the old one. */
function leasePaths(name: string, make: (template: string) => Record<string, HostRoute>): Readonly<Record<string, HostRoute>> {
  const templates = [`sys/leases/${name}`, `sys/leases/${name}/{id+}`, `sys/${name}`, `sys/${name}/{id+}`];
  return Object.assign({}, ...templates.map(make)) as Readonly<Record<string, HostRoute>>;
}

function prefixPaths(name: string, summary: string, force: boolean): Readonly<Record<string, HostRoute>> {
  const templates = [`sys/leases/${name}/{prefix+}`, `sys/${name}/{prefix+}`];
  const routes = templates.map((template) =>
    hostRoute(template, {
      summary,
      access: 'sudo',
      update: {
        input: { sync: s.optional(s.boolean()) },
        handler: (ctx, params, input) => revokeBelow(ctx, (params as { readonly prefix: string }).prefix, input, force),
      },
    }),
  );
  return Object.assign({}, ...routes) as Readonly<Record<string, HostRoute>>;
}
