/** Token roles: named settings of what `auth/token/create/<role>` makes, one entry each under `core/token-role/`. */
import type { Transaction } from '../barrier/transaction.ts';
import type { TokenType } from './token.ts';

const directory = 'core/token-role/';

/** What a role says of the type of its tokens: one of its own, or one that a request may overrule. */
export const roleTokenTypes = ['service', 'batch', 'default-service', 'default-batch'] as const;
/** One of `roleTokenTypes`. */
export type RoleTokenType = (typeof roleTokenTypes)[number];

/** Names of before Vault 1.2; reads show those that were written. */
export type OldRoleName = 'explicit_max_ttl' | 'period' | 'bound_cidrs';

/** A role. Durations in seconds, 0: not set. */
export interface TokenRole {
  readonly name: string;
  readonly allowedPolicies: readonly string[];
  readonly allowedPoliciesGlob: readonly string[];
  readonly disallowedPolicies: readonly string[];
  readonly disallowedPoliciesGlob: readonly string[];
  readonly orphan: boolean;
  readonly renewable: boolean;
  readonly pathSuffix: string;
  readonly allowedEntityAliases: readonly string[];
  readonly boundCidrs: readonly string[];
  readonly explicitMaxTtl: number;
  readonly noDefaultPolicy: boolean;
  readonly numUses: number;
  readonly period: number;
  readonly tokenType: RoleTokenType;
  readonly oldNames: readonly OldRoleName[];
}

/** A role that says nothing. */
export function emptyRole(name: string): TokenRole {
  return {
    name,
    allowedPolicies: [],
    allowedPoliciesGlob: [],
    disallowedPolicies: [],
    disallowedPoliciesGlob: [],
    orphan: false,
    renewable: true,
    pathSuffix: '',
    allowedEntityAliases: [],
    boundCidrs: [],
    explicitMaxTtl: 0,
    noDefaultPolicy: false,
    numUses: 0,
    period: 0,
    tokenType: 'default-service',
    oldNames: [],
  };
}

/** A role by its name; undefined when there is none. */
export async function readTokenRole(tx: Transaction, name: string): Promise<TokenRole | undefined> {
  // Written only here.
  return tx.derived(directory + name, (value) => JSON.parse(Buffer.from(value).toString()) as TokenRole);
}

/** Writes a role. */
export function writeTokenRole(tx: Transaction, role: TokenRole): void {
  tx.put(directory + role.name, Buffer.from(JSON.stringify(role)));
}

/** Deletes a role, whether it exists or not. */
export function deleteTokenRole(tx: Transaction, name: string): void {
  tx.delete(directory + name);
}

/** Names in order. @param after exclusive; '' for the first */
export function tokenRoleNames(tx: Transaction, after: string, limit: number): Promise<readonly string[]> {
  return tx.list(directory, after, limit);
}

/** The type of a token: what a role or mount says, and what is asked where that may overrule it. */
export function chosenType(said: RoleTokenType, asked: TokenType | undefined): TokenType {
  if (said === 'service' || said === 'batch') return said;
  return asked ?? (said === 'default-batch' ? 'batch' : 'service');
}
