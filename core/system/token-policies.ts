/** Which policies a new token gets: those asked for, as far as its parent or its role allows them. */
import { StrongroomError } from '../errors.ts';
import { isListed } from '../identity/glob.ts';
import { isRoot, type TokenRecord, wrappingPolicy } from '../identity/token.ts';
import type { TokenRole } from '../identity/token-role.ts';
import { policyName } from '../policy/policy-store.ts';

/** What decides. */
export interface PolicyWish {
  /** As the request names them; empty for none. */
  readonly asked: readonly string[];
  readonly noDefault: boolean;
  readonly parent: TokenRecord;
  readonly role: TokenRole | undefined;
  /** Whether the caller may give what the parent has not. */
  readonly trusted: boolean;
}

function quoted(names: readonly string[]): string {
  return `[${names.map((name) => JSON.stringify(name)).join(' ')}]`;
}

function without(names: readonly string[], name: string): readonly string[] {
  return names.filter((other) => other !== name);
}

/** Each once and in order; `root` leaves no other beside it. */
function sanitized(names: readonly string[], addDefault: boolean): readonly string[] {
  if (names.includes('root')) return ['root'];
  return [...new Set(addDefault ? [...names, 'default'] : names)].sort();
}

/** Where a role allows or disallows policies, it decides and the parent doesn't. */
function byRole({ parent }: PolicyWish, role: TokenRole, asked: readonly string[], noDefault: boolean): readonly string[] {
  const { allowedPolicies, allowedPoliciesGlob, disallowedPolicies, disallowedPoliciesGlob } = role;
  const addDefault = !noDefault && !isListed('default', disallowedPolicies, disallowedPoliciesGlob);
  const limited = allowedPolicies.length + allowedPoliciesGlob.length > 0;
  const allowed = sanitized(allowedPolicies, addDefault);
  const named = asked.length > 0 ? sanitized(asked, addDefault) : limited ? allowed : sanitized(parent.policies, addDefault);
  if (limited && !named.every((name) => isListed(name, allowed, allowedPoliciesGlob)))
    throw new StrongroomError(
      'invalid',
      `token policies (${quoted(named)}) must be subset of the role's allowed policies (${quoted(allowed)}) or glob policies (${quoted(allowedPoliciesGlob)})`,
    );
  const refused = named.find((name) => isListed(name, disallowedPolicies, disallowedPoliciesGlob));
  if (refused !== undefined) throw new StrongroomError('invalid', `token policy ${JSON.stringify(refused)} is disallowed by this role`);
  return named;
}

function limits(role: TokenRole): boolean {
  const { allowedPolicies, allowedPoliciesGlob, disallowedPolicies, disallowedPoliciesGlob } = role;
  return [allowedPolicies, allowedPoliciesGlob, disallowedPolicies, disallowedPoliciesGlob].some((list) => list.length > 0);
}

function chosen(wish: PolicyWish, asked: readonly string[], noDefault: boolean): readonly string[] {
  const { parent, role, trusted } = wish;
  if (role !== undefined && limits(role)) return byRole(wish, role, asked, noDefault);
  if (asked.length === 0) return parent.policies;
  if (trusted) return sanitized(asked, !noDefault);
  const own = new Set(parent.policies);
  if (!asked.every((name) => own.has(name))) throw new StrongroomError('invalid', 'child policies must be subset of parent');
  return sanitized(asked, own.has('default'));
}

/**
 * The policies of a new token.
 * @throws StrongroomError `invalid` for those that the parent lacks, the role does not allow, or nobody may give
 */
export function newTokenPolicies(wish: PolicyWish): readonly string[] {
  const asked = wish.asked.map(policyName);
  const noDefault = wish.noDefault || wish.role?.noDefaultPolicy === true;
  const all = chosen(wish, asked, noDefault);
  // Whoever asks for no default policy and for it by name contradicts themselves: less is given.
  const policies = noDefault ? without(all, 'default') : all;
  if (policies.includes('root') && !isRoot(wish.parent))
    throw new StrongroomError('invalid', 'root tokens may not be created without parent token being root');
  if (policies.includes(wrappingPolicy)) throw new StrongroomError('invalid', `cannot assign policy "${wrappingPolicy}"`);
  return sanitized(policies, false);
}
