/** The settings of tokens that the roles and users of every auth method share, under the names Vault's clients know (`token_ttl`, …). */
import type { Json } from './engine.ts';
import { PluginError } from './errors.ts';
import type { Login } from './login.ts';
import { boolean, cidrList, duration, integer, optional, type Schema, string, stringList } from './schema.ts';

/** What the tokens of a role or user may do. Durations in seconds, 0: not set. */
export interface TokenSettings {
  /** Lower-cased, each once, in order. */
  readonly policies: readonly string[];
  readonly ttl: number;
  readonly maxTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly numUses: number;
  readonly boundCidrs: readonly string[];
  readonly noDefaultPolicy: boolean;
  readonly type: 'default' | 'service' | 'batch';
  /** Which of the old names (`policies`, `ttl`, `max_ttl`) it was set by: those are shown too. */
  readonly oldNames: readonly OldName[];
}

/** Names of before Vault 1.2 that clients still send. */
export type OldName = 'policies' | 'ttl' | 'max_ttl';

/** Nothing set. */
export const noTokenSettings: TokenSettings = {
  policies: [],
  ttl: 0,
  maxTtl: 0,
  explicitMaxTtl: 0,
  period: 0,
  numUses: 0,
  boundCidrs: [],
  noDefaultPolicy: false,
  type: 'default',
  oldNames: [],
};

/** Most policies of one role or user. */
export const tokenPoliciesMax = 256;
/** Longest name of a policy, in UTF-16 units. */
export const policyNameMax = 256;
/** Most uses that a token can be limited to. */
export const tokenUsesMax = 1_000_000_000;

/** The input fields, for the schema of a role or user. */
export const tokenFields: {
  readonly token_policies: Schema<readonly string[] | undefined>;
  readonly token_ttl: Schema<number | undefined>;
  readonly token_max_ttl: Schema<number | undefined>;
  readonly token_explicit_max_ttl: Schema<number | undefined>;
  readonly token_period: Schema<number | undefined>;
  readonly token_num_uses: Schema<number | undefined>;
  readonly token_bound_cidrs: Schema<readonly string[] | undefined>;
  readonly token_no_default_policy: Schema<boolean | undefined>;
  readonly token_type: Schema<string | undefined>;
  readonly policies: Schema<readonly string[] | undefined>;
  readonly ttl: Schema<number | undefined>;
  readonly max_ttl: Schema<number | undefined>;
} = {
  token_policies: optional(stringList({ description: 'Policies of the token' })),
  token_ttl: optional(duration({ description: "First lifetime of the token; 0: the mount's" })),
  token_max_ttl: optional(duration({ description: 'Bound of the lifetime over all renewals' })),
  token_explicit_max_ttl: optional(duration({ description: 'Bound of the lifetime that no period lifts' })),
  token_period: optional(duration({ description: 'A token that lives for ever if it is renewed once in every period' })),
  token_num_uses: optional(integer({ maximum: tokenUsesMax, description: 'Requests that the token is good for; 0: unlimited' })),
  token_bound_cidrs: optional(cidrList({ description: 'Addresses that may log in and use the token' })),
  token_no_default_policy: optional(boolean({ description: 'Leaves the policy `default` out' })),
  token_type: optional(
    string({
      oneOf: ['', 'default', 'service', 'batch', 'default-service', 'default-batch'],
      description: "`service` or `batch`; `default`: the mount's",
    }),
  ),
  policies: optional(stringList({ description: 'Old name of token_policies' })),
  ttl: optional(duration({ description: 'Old name of token_ttl' })),
  max_ttl: optional(duration({ description: 'Old name of token_max_ttl' })),
};

/** What the fields carry. */
export type TokenInput = { readonly [K in keyof typeof tokenFields]?: (typeof tokenFields)[K] extends Schema<infer T> ? T : never };

/** Settings after an input: what it leaves out stays as it was. @throws PluginError `invalid` naming the field and the bound */
export function changeTokenSettings(before: TokenSettings, input: TokenInput): TokenSettings {
  const oldNames = new Set(before.oldNames);
  const pick = <T>(value: T | undefined, old: T | undefined, oldName: OldName, otherwise: T): T => {
    if (value !== undefined) oldNames.delete(oldName);
    else if (old !== undefined) oldNames.add(oldName);
    return value ?? old ?? otherwise;
  };
  const after: TokenSettings = {
    policies: checkPolicies(pick(input.token_policies, input.policies, 'policies', before.policies)),
    ttl: pick(input.token_ttl, input.ttl, 'ttl', before.ttl),
    maxTtl: pick(input.token_max_ttl, input.max_ttl, 'max_ttl', before.maxTtl),
    explicitMaxTtl: input.token_explicit_max_ttl ?? before.explicitMaxTtl,
    period: input.token_period ?? before.period,
    numUses: input.token_num_uses ?? before.numUses,
    boundCidrs: input.token_bound_cidrs ?? before.boundCidrs,
    noDefaultPolicy: input.token_no_default_policy ?? before.noDefaultPolicy,
    type: input.token_type === undefined ? before.type : tokenTypeOf(input.token_type),
    oldNames: [...oldNames].sort(),
  };
  if (after.maxTtl > 0 && after.ttl > after.maxTtl)
    throw new PluginError('invalid', `field token_ttl: ${after.ttl} s is greater than token_max_ttl, ${after.maxTtl} s`);
  if (after.type === 'batch' && after.period > 0)
    throw new PluginError('invalid', "field token_type: cannot be 'batch' when set to generate periodic tokens");
  if (after.type === 'batch' && after.numUses > 0)
    throw new PluginError('invalid', "field token_type: cannot be 'batch' when set to generate tokens with limited use count");
  return after;
}

function tokenTypeOf(text: string): TokenSettings['type'] {
  return text.endsWith('service') ? 'service' : text.endsWith('batch') ? 'batch' : 'default';
}

/** Names of policies, lower-cased, each once and in order. @throws PluginError `invalid` */
function checkPolicies(names: readonly string[]): readonly string[] {
  const policies = [...new Set(names.map((name) => name.toLowerCase()))].sort();
  if (policies.length > tokenPoliciesMax) throw new PluginError('invalid', `field token_policies: at most ${tokenPoliciesMax} policies`);
  for (const name of policies) {
    if (name === '' || name.length > policyNameMax || name.includes('/'))
      throw new PluginError('invalid', `field token_policies: a name must have 1 to ${policyNameMax} characters and no slash`);
    if (name === 'root') throw new PluginError('invalid', 'field token_policies: auth methods cannot create root tokens');
  }
  return policies;
}

/** The settings as a read of the role or user answers them. */
export function tokenSettingsData(settings: TokenSettings): Readonly<Record<string, Json>> {
  const { policies, ttl, maxTtl } = settings;
  const old: Readonly<Record<OldName, Json>> = { policies, ttl, max_ttl: maxTtl };
  return {
    ...Object.fromEntries(settings.oldNames.map((name) => [name, old[name]])),
    token_bound_cidrs: settings.boundCidrs,
    token_explicit_max_ttl: settings.explicitMaxTtl,
    token_max_ttl: maxTtl,
    token_no_default_policy: settings.noDefaultPolicy,
    token_num_uses: settings.numUses,
    token_period: settings.period,
    token_policies: policies,
    token_ttl: ttl,
    token_type: settings.type,
  };
}

/** The settings as a login says them. */
export function loginSettings(settings: TokenSettings): Omit<Login, 'alias' | 'displayName'> {
  return {
    policies: settings.policies,
    ttl: settings.ttl,
    maxTtl: settings.maxTtl,
    explicitMaxTtl: settings.explicitMaxTtl,
    period: settings.period,
    numUses: settings.numUses,
    boundCidrs: settings.boundCidrs,
    noDefaultPolicy: settings.noDefaultPolicy,
    tokenType: settings.type,
  };
}
