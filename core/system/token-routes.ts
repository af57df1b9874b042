/** `auth/token/…`: creation, look-up, renewal and revocation of service tokens, each also for oneself and by accessor. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { grantTtl, secondsLeft } from '../identity/lifetime.ts';
import { isRoot, type StoredToken, tokenBytesMax, type TokenRecord, wrappingPolicy } from '../identity/token.ts';
import { policyName } from '../policy/policy-store.ts';
import { authBlock } from '../request/auth-block.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { renewLogin } from '../request/login.ts';
import { rfc3339 } from '../request/time-text.ts';

const createInput = {
  id: s.optional(s.string({ maxLength: tokenBytesMax })),
  policies: s.optional(s.stringList()),
  meta: s.optional(s.stringMap()),
  no_parent: s.optional(s.boolean()),
  no_default_policy: s.optional(s.boolean()),
  renewable: s.optional(s.boolean()),
  ttl: s.optional(s.duration()),
  lease: s.optional(s.duration()),
  type: s.optional(s.string()),
  explicit_max_ttl: s.optional(s.duration()),
  display_name: s.optional(s.string({ maxLength: 512 })),
  num_uses: s.optional(s.integer({ maximum: 1_000_000_000 })),
  period: s.optional(s.duration()),
  bound_cidrs: s.optional(s.cidrList()),
};

type CreateInput = s.InferFields<typeof createInput>;

function mustCall(ctx: HostContext): StoredToken {
  if (ctx.caller === undefined) throw new StrongroomError('denied', 'permission denied');
  return ctx.caller;
}

function bounds(ctx: HostContext): { defaultTtl: number; maxTtl: number } {
  return ctx.host.ttl;
}

/** The policies of a child: those asked for, which its parent must have; the parent's own when none are. */
async function grantedPolicies(
  ctx: HostContext,
  parent: StoredToken,
  input: CreateInput,
): Promise<{ policies: string[]; warnings: string[] }> {
  const asked = (input.policies ?? []).map(policyName);
  const named = asked.length > 0 ? asked : parent.record.policies;
  const policies = [...new Set(named)].filter(
    (name) => name !== 'default' || input.no_default_policy !== true || asked.includes('default'),
  );
  if (policies.includes('root')) {
    if (!isRoot(parent.record)) throw new StrongroomError('invalid', 'root tokens may not be created without parent token being root');
    return { policies: ['root'], warnings: [] };
  }
  if (policies.includes(wrappingPolicy)) throw new StrongroomError('invalid', `cannot assign policy "${wrappingPolicy}"`);
  if (!ctx.sudo && !isRoot(parent.record)) {
    const own = new Set([...parent.record.policies, 'default']);
    if (!policies.every((name) => own.has(name))) throw new StrongroomError('invalid', 'child policies must be subset of parent');
  }
  if (input.no_default_policy !== true && !policies.includes('default')) policies.push('default');
  const warnings: string[] = [];
  for (const name of policies) {
    if ((await ctx.unsealed.policies.read(ctx.tx, name)) === undefined) warnings.push(`Policy "${name}" does not exist`);
  }
  return { policies: policies.sort(), warnings };
}

async function create(ctx: HostContext, input: CreateInput, orphanPath: boolean): Promise<HostReply> {
  const parent = mustCall(ctx);
  const trusted = ctx.sudo || isRoot(parent.record);
  if (parent.record.usesLeft !== 0) throw new StrongroomError('invalid', 'restricted use token cannot generate child tokens');
  if (input.type !== undefined && input.type !== '' && input.type !== 'service')
    throw new StrongroomError('invalid', 'field type: only service tokens can be created');
  if (input.no_parent === true && !trusted) throw new StrongroomError('invalid', 'root or sudo privileges required to create orphan token');
  if ((input.period ?? 0) > 0 && !trusted)
    throw new StrongroomError('invalid', 'root or sudo privileges required to create periodic token');
  if (input.id !== undefined && input.id !== '') {
    if (!trusted) throw new StrongroomError('invalid', 'root or sudo privileges required to specify token id');
    // oxlint-disable-next-line no-control-regex -- printable ASCII without space, so that it survives as a header
    if (!/^[\x21-\x7e]+$/.test(input.id) || /^(hvs|hvb|hvr|s|b|r)\./.test(input.id))
      throw new StrongroomError('invalid', 'field id: must be printable ASCII and must not begin with a prefix of generated tokens');
  }
  const { policies, warnings } = await grantedPolicies(ctx, parent, input);
  const now = ctx.unsealed.clock.now();
  const root = policies.includes('root');
  const wish = { ttl: input.ttl ?? input.lease ?? 0, explicitMaxTtl: input.explicit_max_ttl ?? 0, period: input.period ?? 0 };
  // Only a root token may live for ever, and only if its parent does.
  const endless = root && wish.ttl === 0 && wish.period === 0 && wish.explicitMaxTtl === 0 && parent.endsAt === undefined;
  const granted = endless ? { ttl: 0, warnings: [] } : grantTtl(wish, bounds(ctx), now, now);
  if (!endless && granted.ttl < 1) throw new StrongroomError('invalid', 'field ttl: the token would have no lifetime');
  const orphan = orphanPath || input.no_parent === true;
  const made = await ctx.unsealed.tokens.create(
    ctx.tx,
    {
      policies,
      path: orphanPath ? 'auth/token/create-orphan' : 'auth/token/create',
      displayName:
        input.display_name === undefined || input.display_name === ''
          ? 'token'
          : `token-${input.display_name.replace(/[^A-Za-z0-9_.-]/g, '-')}`,
      meta: input.meta === undefined || Object.keys(input.meta).length === 0 ? null : { ...input.meta },
      createdAt: now,
      ...(endless ? {} : { expiresAt: now + granted.ttl * 1000 }),
      issueTtl: granted.ttl,
      explicitMaxTtl: wish.explicitMaxTtl,
      period: wish.period,
      renewable: !endless && input.renewable !== false,
      orphan,
      usesLeft: input.num_uses ?? 0,
      boundCidrs: input.bound_cidrs ?? [],
    },
    orphan ? undefined : parent,
    input.id === '' ? undefined : input.id,
  );
  return { auth: authBlock(made.token, made.record, granted.ttl), warnings: [...warnings, ...granted.warnings] };
}

/** What look-ups answer. */
function lookupData(ctx: HostContext, id: string, token: StoredToken): HostReply {
  const { record } = token;
  const now = ctx.unsealed.clock.now();
  return {
    data: {
      accessor: record.accessor,
      creation_time: Math.floor(record.createdAt / 1000),
      creation_ttl: record.issueTtl,
      display_name: record.displayName,
      entity_id: '',
      expire_time: record.expiresAt === undefined ? null : rfc3339(record.expiresAt),
      explicit_max_ttl: record.explicitMaxTtl,
      id,
      issue_time: rfc3339(record.createdAt),
      ...(record.lastRenewedAt === undefined
        ? {}
        : { last_renewal: rfc3339(record.lastRenewedAt), last_renewal_time: Math.floor(record.lastRenewedAt / 1000) }),
      meta: record.meta,
      num_uses: Math.max(0, record.usesLeft),
      orphan: record.orphan,
      path: record.path,
      ...(record.period > 0 ? { period: record.period } : {}),
      policies: record.policies,
      renewable: record.renewable,
      ttl: secondsLeft(record.expiresAt, now),
      type: 'service',
      ...(record.boundCidrs.length > 0 ? { bound_cidrs: record.boundCidrs } : {}),
    },
  };
}

/**
 * Extends a token. Its period, its explicit maximum and the system's bound it, all counted from its creation; never to less than it has. A token
 * that a login made is renewed only while its auth method says so.
 */
async function renew(ctx: HostContext, shown: string, token: StoredToken, increment: number): Promise<HostReply> {
  const { record } = token;
  if (!record.renewable || record.expiresAt === undefined) throw new StrongroomError('invalid', 'lease is not renewable');
  const { login } = record;
  const { record: next, granted } =
    login === undefined
      ? { record, granted: extended(ctx, record, increment) }
      : await renewLogin(ctx.unsealed, ctx.host.ttl, ctx.tx, token, login, increment);
  if (granted.ttl < 1) throw new StrongroomError('invalid', 'past the max TTL, cannot renew');
  const now = ctx.unsealed.clock.now();
  const renewed: TokenRecord = { ...next, expiresAt: now + granted.ttl * 1000, lastRenewedAt: now };
  ctx.unsealed.tokens.update(ctx.tx, token, renewed);
  return { auth: authBlock(shown, renewed, granted.ttl), warnings: granted.warnings };
}

function extended(ctx: HostContext, record: TokenRecord, increment: number): ReturnType<typeof grantTtl> {
  return grantTtl(
    { ttl: increment, explicitMaxTtl: record.explicitMaxTtl, period: record.period },
    { ...bounds(ctx), defaultTtl: increment > 0 ? increment : record.issueTtl },
    record.createdAt,
    ctx.unsealed.clock.now(),
  );
}

async function byText(ctx: HostContext, token: string): Promise<StoredToken | undefined> {
  return ctx.unsealed.tokens.find(ctx.tx, token);
}

async function byAccessor(ctx: HostContext, accessor: string): Promise<StoredToken> {
  const found = await ctx.unsealed.tokens.findByAccessor(ctx.tx, accessor);
  if (found === undefined) throw new StrongroomError('invalid', '1 error occurred:\n\t* invalid accessor\n\n');
  return found;
}

async function revoke(ctx: HostContext, hash: string): Promise<HostReply> {
  await ctx.unsealed.tokens.revoke(ctx.tx, hash);
  return { urgent: true };
}

const tokenField = { token: s.string({ maxLength: tokenBytesMax }) };
const accessorField = { accessor: s.string({ maxLength: tokenBytesMax }) };
const increment = { increment: s.optional(s.duration()) };

/** The routes. */
export const tokenRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('auth/token/create', {
    summary: 'Create a token',
    update: { input: createInput, handler: (ctx, _, input) => create(ctx, input, false) },
  }),
  ...hostRoute('auth/token/create-orphan', {
    summary: 'Create a token without parent',
    access: 'sudo',
    update: { input: createInput, handler: (ctx, _, input) => create(ctx, input, true) },
  }),
  ...hostRoute('auth/token/lookup', {
    summary: 'Look a token up',
    update: { input: { token: s.optional(s.string({ maxLength: tokenBytesMax })) }, handler: (ctx, _, input) => lookup(ctx, input.token) },
    read: { input: { token: s.optional(s.string({ maxLength: tokenBytesMax })) }, handler: (ctx, _, input) => lookup(ctx, input.token) },
  }),
  ...hostRoute('auth/token/lookup-self', {
    summary: "Look the caller's token up",
    read: { handler: (ctx) => lookup(ctx, undefined) },
    update: { handler: (ctx) => lookup(ctx, undefined) },
  }),
  ...hostRoute('auth/token/lookup-accessor', {
    summary: 'Look a token up by its accessor',
    update: { input: accessorField, handler: async (ctx, _, input) => lookupData(ctx, '', await byAccessor(ctx, input.accessor)) },
  }),
  ...hostRoute('auth/token/renew', {
    summary: 'Renew a token',
    update: {
      input: { ...tokenField, ...increment },
      handler: async (ctx, _, input) => {
        const found = await byText(ctx, input.token);
        if (found === undefined) throw new StrongroomError('invalid', 'token not found');
        return renew(ctx, input.token, found, input.increment ?? 0);
      },
    },
  }),
  ...hostRoute('auth/token/renew-self', {
    summary: "Renew the caller's token",
    update: { input: increment, handler: (ctx, _, input) => renew(ctx, ctx.head.token ?? '', mustCall(ctx), input.increment ?? 0) },
  }),
  ...hostRoute('auth/token/renew-accessor', {
    summary: 'Renew a token by its accessor',
    update: {
      input: { ...accessorField, ...increment },
      handler: async (ctx, _, input) => renew(ctx, '', await byAccessor(ctx, input.accessor), input.increment ?? 0),
    },
  }),
  ...hostRoute('auth/token/revoke', {
    summary: 'Revoke a token and all below it',
    update: { input: tokenField, handler: (ctx, _, input) => revoke(ctx, ctx.unsealed.tokens.hash(input.token)) },
  }),
  ...hostRoute('auth/token/revoke-self', {
    summary: "Revoke the caller's token",
    update: { handler: (ctx) => revoke(ctx, mustCall(ctx).hash) },
  }),
  ...hostRoute('auth/token/revoke-accessor', {
    summary: 'Revoke a token by its accessor',
    update: {
      input: accessorField,
      handler: async (ctx, _, input) => {
        const found = await ctx.unsealed.tokens.findByAccessor(ctx.tx, input.accessor);
        if (found === undefined) return { warnings: ['No token found with this accessor'] };
        return revoke(ctx, found.hash);
      },
    },
  }),
};

async function lookup(ctx: HostContext, text: string | undefined): Promise<HostReply> {
  const id = text === undefined || text === '' ? (ctx.head.token ?? '') : text;
  const found = text === undefined || text === '' ? ctx.caller : await byText(ctx, id);
  if (found === undefined) throw new StrongroomError('denied', 'bad token');
  return lookupData(ctx, id, found);
}
