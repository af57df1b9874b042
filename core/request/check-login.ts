/** What an auth method says of a login, checked: its types promise it, its messages may hold anything. */
import { StrongroomError } from '../errors.ts';
import { normalCidr } from '@strongroom/sdk-plugin/hosting';
import { type TokenType, wrappingPolicy } from '../identity/token.ts';
import { policyName } from '../policy/policy-store.ts';

/** A login with nothing left out. Durations in seconds. */
export interface CheckedLogin {
  readonly alias: string;
  readonly displayName: string;
  /** Lower-cased. */
  readonly policies: readonly string[];
  readonly groups: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly ttl: number;
  readonly maxTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly numUses: number;
  readonly boundCidrs: readonly string[];
  readonly noDefaultPolicy: boolean;
  readonly renewable: boolean;
  /** Absent: the mount's. */
  readonly tokenType: TokenType | undefined;
  readonly data: Readonly<Record<string, string>>;
}

/** Longest alias, display name and other single text, in UTF-16 units. */
export const loginTextMax = 1024;
/** Most policies, groups, blocks of addresses, or pairs of metadata. */
const listMax = 1024;

function malformed(field: string): StrongroomError {
  return new StrongroomError('internal', `the auth method answered a malformed login: ${field}`);
}

function text(field: string, value: unknown): string {
  if (typeof value !== 'string' || value.length > loginTextMax) throw malformed(field);
  return value;
}

function texts(field: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > listMax) throw malformed(field);
  return value.map((item) => text(field, item));
}

function pairs(field: string, value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null) throw malformed(field);
  const entries = Object.entries(value);
  if (entries.length > listMax) throw malformed(field);
  return Object.fromEntries(entries.map(([name, item]) => [text(field, name), text(field, item)]));
}

function count(field: string, value: unknown): number {
  if (value === undefined) return 0;
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed(field);
  return value as number;
}

function flag(field: string, value: unknown, otherwise: boolean): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw malformed(field);
  return value ?? otherwise;
}

/** @throws StrongroomError `internal` naming what is malformed; `invalid` for `root`, which no login gives */
export function checkLogin(value: unknown): CheckedLogin {
  if (typeof value !== 'object' || value === null) throw malformed('it is no object');
  const login = value as Readonly<Record<string, unknown>>;
  const policies = texts('policies', login['policies']).map(policyName);
  if (policies.includes('root')) throw new StrongroomError('invalid', 'auth methods cannot create root tokens');
  if (policies.includes(wrappingPolicy)) throw new StrongroomError('invalid', `cannot assign policy "${wrappingPolicy}"`);
  const tokenType = login['tokenType'] ?? 'default';
  if (tokenType !== 'default' && tokenType !== 'service' && tokenType !== 'batch') throw malformed('tokenType');
  return {
    alias: text('alias', login['alias']),
    displayName: text('displayName', login['displayName']),
    policies,
    groups: texts('groups', login['groups']),
    metadata: pairs('metadata', login['metadata']),
    ttl: count('ttl', login['ttl']),
    maxTtl: count('maxTtl', login['maxTtl']),
    explicitMaxTtl: count('explicitMaxTtl', login['explicitMaxTtl']),
    period: count('period', login['period']),
    numUses: count('numUses', login['numUses']),
    boundCidrs: texts('boundCidrs', login['boundCidrs']).map((cidr) => {
      const normal = normalCidr(cidr);
      if (normal === undefined) throw malformed('boundCidrs');
      return normal;
    }),
    noDefaultPolicy: flag('noDefaultPolicy', login['noDefaultPolicy'], false),
    renewable: flag('renewable', login['renewable'], true),
    tokenType: tokenType === 'default' ? undefined : tokenType,
    data: pairs('data', login['data']),
  };
}
