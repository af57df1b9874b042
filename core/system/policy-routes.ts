/** `sys/policies/acl`, the legacy `sys/policy`, and the questions what a token may do. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type StoredToken, tokenBytesMax } from '../identity/token.ts';
import { immutablePolicies, policyName } from '../policy/policy-store.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { canonicalPath } from '../request/canonical-path.ts';
import { aclOfToken } from '../request/rights.ts';

const policyInput = { policy: s.optional(s.string()), rules: s.optional(s.string()) };

async function names(ctx: HostContext): Promise<string[]> {
  return [...(await ctx.unsealed.policies.names(ctx.tx))];
}

async function text(ctx: HostContext, name: string): Promise<string | undefined> {
  if (name === 'root') return '';
  return (await ctx.unsealed.policies.read(ctx.tx, name))?.text;
}

/** Policies may be sent in base64, as some clients do. */
export function decodeRules(rules: string): string {
  const compact = rules.replace(/\s/g, '');
  if (compact.length === 0 || compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return rules;
  return Buffer.from(compact, 'base64').toString('utf8');
}

function write(ctx: HostContext, rawName: string, input: s.InferFields<typeof policyInput>): undefined {
  const name = policyName(rawName);
  const rules = input.policy ?? input.rules ?? '';
  if (rules === '') throw new StrongroomError('invalid', 'field policy: must hold the text of the policy');
  ctx.unsealed.policies.write(ctx.tx, name, decodeRules(rules));
  return undefined;
}

function remove(ctx: HostContext, rawName: string): HostReply {
  const name = policyName(rawName);
  if (immutablePolicies.includes(name) || name === 'default') throw new StrongroomError('invalid', `cannot delete ${name} policy`);
  ctx.unsealed.policies.delete(ctx.tx, name);
  return { urgent: true };
}

const legacyList = async (ctx: HostContext): Promise<HostReply> => {
  const all = await names(ctx);
  return { data: { keys: all, policies: all } };
};

async function capabilitiesOf(
  ctx: HostContext,
  token: StoredToken,
  input: { readonly path?: readonly string[] | undefined; readonly paths?: readonly string[] | undefined },
): Promise<HostReply> {
  const asked = input.paths ?? input.path ?? [];
  if (asked.length === 0) throw new StrongroomError('invalid', 'missing required field paths');
  const acl = await aclOfToken(ctx.unsealed, ctx.tx, token);
  const data: Record<string, readonly string[]> = Object.create(null) as Record<string, readonly string[]>;
  for (const raw of asked) {
    const bare = raw.replace(/^\//, '');
    const listing = bare.endsWith('/');
    data[raw] = acl.capabilities(bare === '' ? '' : canonicalPath(listing ? bare.slice(0, -1) : bare) + (listing ? '/' : ''));
  }
  return { data: asked.length === 1 ? { ...data, capabilities: data[asked[0]!]! } : data };
}

const pathFields = { path: s.optional(s.stringList()), paths: s.optional(s.stringList()) };

/** The routes. */
export const policyRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/policies/acl', { summary: 'List policies', list: { handler: async (ctx) => ({ data: { keys: await names(ctx) } }) } }),
  ...hostRoute('sys/policies/acl/{name}', {
    summary: 'Read, write and delete a policy',
    lowercase: ['name'],
    read: {
      handler: async (ctx, { name }) => {
        const policy = await text(ctx, policyName(name));
        return policy === undefined ? undefined : { data: { name: policyName(name), policy } };
      },
    },
    update: { input: policyInput, handler: (ctx, { name }, input) => write(ctx, name, input) },
    delete: { handler: (ctx, { name }) => remove(ctx, name) },
  }),
  ...hostRoute('sys/policy', {
    summary: 'List policies (legacy)',
    topLevel: true,
    read: { handler: legacyList },
    list: { handler: legacyList },
  }),
  ...hostRoute('sys/policy/{name}', {
    summary: 'Read, write and delete a policy (legacy)',
    lowercase: ['name'],
    topLevel: true,
    read: {
      handler: async (ctx, { name }) => {
        const rules = await text(ctx, policyName(name));
        return rules === undefined ? undefined : { data: { name: policyName(name), rules } };
      },
    },
    update: { input: policyInput, handler: (ctx, { name }, input) => write(ctx, name, input) },
    delete: { handler: (ctx, { name }) => remove(ctx, name) },
  }),
  ...hostRoute('sys/capabilities', {
    summary: 'What a token may do at some paths',
    topLevel: true,
    update: {
      input: { token: s.string({ maxLength: tokenBytesMax }), ...pathFields },
      handler: async (ctx, _, input) => {
        const token = await ctx.unsealed.tokens.find(ctx.tx, input.token);
        if (token === undefined) throw new StrongroomError('invalid', 'invalid token');
        return capabilitiesOf(ctx, token, input);
      },
    },
  }),
  ...hostRoute('sys/capabilities-self', {
    summary: 'What the caller may do at some paths',
    topLevel: true,
    update: {
      input: { token: s.optional(s.string({ maxLength: tokenBytesMax })), ...pathFields },
      handler: async (ctx, _, input) => {
        if (ctx.caller === undefined) throw new StrongroomError('denied', 'permission denied');
        return capabilitiesOf(ctx, ctx.caller, input);
      },
    },
  }),
  ...hostRoute('sys/capabilities-accessor', {
    summary: 'What the token of an accessor may do at some paths',
    topLevel: true,
    update: {
      input: { accessor: s.string({ maxLength: tokenBytesMax }), ...pathFields },
      handler: async (ctx, _, input) => {
        const token = await ctx.unsealed.tokens.findByAccessor(ctx.tx, input.accessor);
        if (token === undefined) throw new StrongroomError('invalid', '1 error occurred:\n\t* invalid accessor\n\n');
        return capabilitiesOf(ctx, token, input);
      },
    },
  }),
};
