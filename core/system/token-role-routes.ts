/** `auth/token/roles`: named settings of what tokens may make. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import {
  deleteTokenRole,
  emptyRole,
  type OldRoleName,
  readTokenRole,
  roleTokenTypes,
  type RoleTokenType,
  type TokenRole,
  tokenRoleNames,
  writeTokenRole,
} from '../identity/token-role.ts';
import { readTokenMount } from '../mounts/token-mount.ts';
import { policyName } from '../policy/policy-store.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { mountTtl } from '../request/login.ts';
import { tokenUsesMax } from './token-create-input.ts';
import { pageInput, pageOf } from './token-page.ts';

const nameMax = 256;
const listMax = 1024;

const roleInput = {
  allowed_policies: s.optional(s.stringList()),
  allowed_policies_glob: s.optional(s.stringList()),
  disallowed_policies: s.optional(s.stringList()),
  disallowed_policies_glob: s.optional(s.stringList()),
  orphan: s.optional(s.boolean()),
  renewable: s.optional(s.boolean()),
  path_suffix: s.optional(s.string({ maxLength: nameMax })),
  allowed_entity_aliases: s.optional(s.stringList()),
  token_bound_cidrs: s.optional(s.cidrList()),
  token_explicit_max_ttl: s.optional(s.duration()),
  token_no_default_policy: s.optional(s.boolean()),
  token_num_uses: s.optional(s.integer({ maximum: tokenUsesMax })),
  token_period: s.optional(s.duration()),
  token_type: s.optional(s.string({ oneOf: ['', 'default', ...roleTokenTypes] })),
  explicit_max_ttl: s.optional(s.duration()),
  period: s.optional(s.duration()),
  bound_cidrs: s.optional(s.cidrList()),
};

type RoleInput = s.InferFields<typeof roleInput>;

/** Checks the name of a role, which becomes a part of paths. @throws StrongroomError `invalid` */
export function roleNamed(name: string): string {
  if (name.length > nameMax || !/^\w([\w.-]*\w)?$/.test(name))
    throw new StrongroomError(
      'invalid',
      `role name: must have 1 to ${nameMax} letters, digits, "_", "-" and ".", the last two not at its ends`,
    );
  return name;
}

function names(field: string, values: readonly string[] | undefined, check: (name: string) => string): readonly string[] | undefined {
  if (values === undefined) return undefined;
  if (values.length > listMax) throw new StrongroomError('invalid', `field ${field}: at most ${listMax} entries`);
  return [...new Set(values.map(check))].sort();
}

function bounded(field: string): (value: string) => string {
  return (value) => {
    if (value === '' || value.length > nameMax)
      throw new StrongroomError('invalid', `field ${field}: an entry must have 1 to ${nameMax} characters`);
    return value.toLowerCase();
  };
}

/** The role after an input: what it leaves out stays as it was. @throws StrongroomError `invalid` naming the field */
function changedRole(before: TokenRole, input: RoleInput): TokenRole {
  const suffix = input.path_suffix ?? before.pathSuffix;
  if (suffix !== '' && !/^\w([\w.-]*\w)?$/.test(suffix))
    throw new StrongroomError('invalid', 'field path_suffix: must have letters, digits, "_", "-" and ".", the last two not at its ends');
  const oldNames = new Set(before.oldNames);
  const pick = <T>(value: T | undefined, old: T | undefined, oldName: OldRoleName, otherwise: T): T => {
    if (value !== undefined) oldNames.delete(oldName);
    else if (old !== undefined) oldNames.add(oldName);
    return value ?? old ?? otherwise;
  };
  const type = input.token_type;
  return {
    name: before.name,
    allowedPolicies: names('allowed_policies', input.allowed_policies, policyName) ?? before.allowedPolicies,
    allowedPoliciesGlob:
      names('allowed_policies_glob', input.allowed_policies_glob, bounded('allowed_policies_glob')) ?? before.allowedPoliciesGlob,
    disallowedPolicies: names('disallowed_policies', input.disallowed_policies, policyName) ?? before.disallowedPolicies,
    disallowedPoliciesGlob:
      names('disallowed_policies_glob', input.disallowed_policies_glob, bounded('disallowed_policies_glob')) ??
      before.disallowedPoliciesGlob,
    orphan: input.orphan ?? before.orphan,
    renewable: input.renewable ?? before.renewable,
    pathSuffix: suffix,
    allowedEntityAliases:
      names('allowed_entity_aliases', input.allowed_entity_aliases, bounded('allowed_entity_aliases')) ?? before.allowedEntityAliases,
    boundCidrs: pick(input.token_bound_cidrs, input.bound_cidrs, 'bound_cidrs', before.boundCidrs),
    explicitMaxTtl: pick(input.token_explicit_max_ttl, input.explicit_max_ttl, 'explicit_max_ttl', before.explicitMaxTtl),
    noDefaultPolicy: input.token_no_default_policy ?? before.noDefaultPolicy,
    numUses: input.token_num_uses ?? before.numUses,
    period: pick(input.token_period, input.period, 'period', before.period),
    tokenType: type === undefined ? before.tokenType : type === '' || type === 'default' ? 'default-service' : (type as RoleTokenType),
    oldNames: [...oldNames].sort(),
  };
}

/** A role of batch tokens sets nothing that they can't have. */
function checkBatch({ tokenType, renewable, period, explicitMaxTtl, numUses }: TokenRole): void {
  if (tokenType !== 'batch') return;
  const what = renewable
    ? 'renewable tokens'
    : period > 0
      ? 'periodic tokens'
      : explicitMaxTtl > 0
        ? 'tokens with an explicit max TTL'
        : numUses > 0
          ? 'tokens with limited use count'
          : undefined;
  if (what !== undefined) throw new StrongroomError('invalid', `'token_type' cannot be 'batch' when role is set to generate ${what}`);
}

async function write(ctx: HostContext, name: string, input: RoleInput): Promise<HostReply | undefined> {
  const role = changedRole((await readTokenRole(ctx.tx, roleNamed(name))) ?? emptyRole(name), input);
  checkBatch(role);
  writeTokenRole(ctx.tx, role);
  const { maxTtl } = mountTtl(await readTokenMount(ctx.tx), ctx.host.ttl);
  if (role.explicitMaxTtl <= maxTtl) return undefined;
  const warning = `Given explicit max TTL of ${role.explicitMaxTtl} is greater than system/mount allowed value of ${maxTtl} seconds; tokens of this role get the lesser`;
  return { warnings: [warning] };
}

function roleData(role: TokenRole): Readonly<Record<string, Json>> {
  const old = (name: OldRoleName, value: number): number => (role.oldNames.includes(name) ? value : 0);
  return {
    allowed_entity_aliases: role.allowedEntityAliases,
    allowed_policies: role.allowedPolicies,
    allowed_policies_glob: role.allowedPoliciesGlob,
    disallowed_policies: role.disallowedPolicies,
    disallowed_policies_glob: role.disallowedPoliciesGlob,
    explicit_max_ttl: old('explicit_max_ttl', role.explicitMaxTtl),
    name: role.name,
    orphan: role.orphan,
    path_suffix: role.pathSuffix,
    period: old('period', role.period),
    renewable: role.renewable,
    ...(role.oldNames.includes('bound_cidrs') && role.boundCidrs.length > 0 ? { bound_cidrs: role.boundCidrs } : {}),
    ...(role.boundCidrs.length > 0 ? { token_bound_cidrs: role.boundCidrs } : {}),
    token_explicit_max_ttl: role.explicitMaxTtl,
    token_no_default_policy: role.noDefaultPolicy,
    ...(role.numUses > 0 ? { token_num_uses: role.numUses } : {}),
    token_period: role.period,
    token_type: role.tokenType,
  };
}

/** The routes. */
export const tokenRoleRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('auth/token/roles', {
    summary: 'List token roles',
    list: {
      input: pageInput,
      handler: (ctx, _, input) => pageOf(input, (after, limit) => tokenRoleNames(ctx.tx, after, limit)),
    },
  }),
  ...hostRoute('auth/token/roles/{role}', {
    summary: 'Read, write and delete a token role',
    read: {
      handler: async (ctx, { role }) => {
        const found = await readTokenRole(ctx.tx, roleNamed(role));
        return found === undefined ? undefined : { data: roleData(found) };
      },
    },
    update: { input: roleInput, handler: (ctx, { role }, input) => write(ctx, role, input) },
    delete: {
      handler: (ctx, { role }) => {
        deleteTokenRole(ctx.tx, roleNamed(role));
        return undefined;
      },
    },
  }),
};
