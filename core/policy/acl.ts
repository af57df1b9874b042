/** What a caller may do: the one place where the policies of a token become a yes or a no. */
import type { Verb } from '@strongroom/sdk-plugin';
import { capabilityBits, capabilityNames } from './capability.ts';
import type { Grant } from './grant.ts';
import type { Matcher } from './matcher.ts';
import { parameterFault, wrappingFault, type Parameters } from './parameters.ts';
import { compareSpecificity } from './pattern.ts';
import { reachableUnder } from './reach.ts';

/** A question: may the caller do this? */
export interface AclQuery {
  /** Canonical, without a leading slash. LIST and SCAN of a directory bring its trailing slash. */
  readonly path: string;
  readonly verb: Verb;
  readonly parameters?: Parameters;
  /** Seconds; absent when no wrapping was asked for. */
  readonly wrapTtl?: number;
}

/** The rule that decided. */
export interface DecidingRule {
  /** Its pattern: `secret/+/x*`. */
  readonly path: string;
  readonly policies: readonly string[];
}

/** The answer. `reason` is for the operator's log, never for the client. */
export type Decision =
  | { readonly allowed: true; readonly sudo: boolean; readonly rule: DecidingRule }
  | { readonly allowed: false; readonly reason: string; readonly rule?: DecidingRule };

/** Compiled policies. Immutable: safe to share between requests. */
export interface Acl {
  /** The root policy: everything is allowed. */
  readonly root: boolean;
  decide(query: AclQuery): Decision;
  /** What `sys/capabilities` answers: sorted names, `["deny"]` or `["root"]`. A trailing slash asks as LIST does. */
  capabilities(path: string): readonly string[];
  /** Every rule: its pattern as it was written, and what it grants. */
  rules(): readonly { readonly path: string; readonly capabilities: readonly string[] }[];
  /** Tells whether any path below `prefix` (with its trailing slash) is granted anything. */
  grantsAnyUnder(prefix: string): boolean;
}

/** The Acl of the `root` policy. */
export const rootAcl: Acl = {
  root: true,
  decide: () => ({ allowed: true, sudo: true, rule: { path: '*', policies: ['root'] } }),
  capabilities: () => ['root'],
  rules: () => [],
  grantsAnyUnder: () => true,
};

/** An Acl that allows nothing. @param reason for the operator's log */
export function nothingAcl(reason: string): Acl {
  return {
    root: false,
    decide: () => ({ allowed: false, reason }),
    capabilities: () => ['deny'],
    rules: () => [],
    grantsAnyUnder: () => false,
  };
}

const checksParameters: Readonly<Record<Verb, boolean>> = {
  create: true,
  read: true,
  update: true,
  patch: true,
  delete: false,
  list: false,
  scan: false,
};

/** Makes the Acl over a set of grants. */
export function aclOf(matcher: Matcher<Grant>, grants: readonly Grant[]): Acl {
  return {
    root: false,
    decide: (query) => decide(matcher, query),
    capabilities: (path) => {
      const grant = find(matcher, path, true);
      return !grant || grant.capabilities === 0 ? ['deny'] : capabilityNames(grant.capabilities);
    },
    rules: () => grants.map(({ pattern, capabilities }) => ({ path: pattern.source, capabilities: capabilityNames(capabilities) })),
    grantsAnyUnder: (prefix) => reachableUnder(grants, prefix, (path) => grantsSomething(find(matcher, path, true))),
  };
}

function decide(matcher: Matcher<Grant>, { path, verb, parameters, wrapTtl }: AclQuery): Decision {
  const grant = find(matcher, path, verb === 'list' || verb === 'scan');
  if (!grant) return { allowed: false, reason: 'no rule of any policy matches the path' };
  const rule: DecidingRule = { path: grant.pattern.source, policies: grant.policies };
  const refuse = (why: string): Decision => ({
    allowed: false,
    reason: `the rule ${rule.path} (${rule.policies.join(', ')}) ${why}`,
    rule,
  });
  if ((grant.capabilities & capabilityBits.deny) !== 0) return refuse('denies');
  if ((grant.capabilities & capabilityBits[verb]) === 0) return refuse(`does not grant ${verb}`);
  const fault = wrappingFault(grant, wrapTtl) ?? (checksParameters[verb] ? parameterFault(grant, parameters ?? noParameters) : undefined);
  if (fault !== undefined) return refuse(fault);
  return { allowed: true, sudo: (grant.capabilities & capabilityBits.sudo) !== 0, rule };
}

const noParameters: Parameters = new Map();

/**
 * The rule that counts. As in Vault, an exact rule `m/x` also decides LIST of `m/x/` when there is no exact rule with the slash. Beyond
 * Vault, a more specific deny with a `+` (`m/+/x`) also decides LIST of `m/a/x/`: otherwise the slash would be a way around it.
 */
function find(matcher: Matcher<Grant>, path: string, listing: boolean): Grant | undefined {
  const slashed = listing && path.endsWith('/');
  const exact = matcher.exact(path) ?? (slashed ? matcher.exact(path.slice(0, -1)) : undefined);
  if (exact) return exact;
  const found = matcher.wild(path);
  if (!slashed) return found;
  const bare = matcher.wild(path.slice(0, -1));
  if (!bare || (bare.capabilities & capabilityBits.deny) === 0) return found;
  return !found || compareSpecificity(bare.pattern, found.pattern) > 0 ? bare : found;
}

function grantsSomething(grant: Grant | undefined): boolean {
  return grant !== undefined && (grant.capabilities & ~capabilityBits.deny) !== 0;
}
