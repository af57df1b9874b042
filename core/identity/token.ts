/**
 * What a token is. Of a service token everything is stored but the token itself, of which only an HMAC is kept; of a batch token nothing
 * is: its text holds all of it, sealed (`batch-token.ts`).
 */

/** Kinds of tokens. */
export type TokenType = 'service' | 'batch';

/** The login that made a token: what its renewal checks again. Durations in seconds. */
export interface TokenLogin {
  /** The auth mount. Without it the token is not valid. */
  readonly mountId: string;
  readonly alias: string;
  /** As the auth method said it. */
  readonly displayName: string;
  /** Those that the method named. */
  readonly policies: readonly string[];
  readonly groups: readonly string[];
  readonly noDefaultPolicy: boolean;
  readonly data: Readonly<Record<string, string>>;
}

/** A stored token. Durations in seconds, moments in milliseconds since 1970. */
export interface TokenRecord {
  /** Absent: a service token. */
  readonly type?: TokenType;
  /** Empty for batch tokens. */
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly path: string;
  readonly displayName: string;
  readonly meta: Readonly<Record<string, string>> | null;
  readonly createdAt: number;
  /** Absent: never (root tokens only). */
  readonly expiresAt?: number;
  readonly issueTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly renewable: boolean;
  readonly orphan: boolean;
  /** Hash of the parent; absent for orphans. Without its parent a token is not valid. */
  readonly parent?: string | undefined;
  /** How many ancestors it has. */
  readonly depth: number;
  /** Uses left; 0: unlimited; -1: the last one has been taken. */
  readonly usesLeft: number;
  readonly boundCidrs: readonly string[];
  readonly lastRenewedAt?: number;
  /** Name of the token role it was made by. */
  readonly role?: string;
  /** Absent: no login made it. */
  readonly login?: TokenLogin;
  /** Whose it is. Absent: nobody's. Without its entity a token is refused. */
  readonly entityId?: string;
}

/** A token that was found valid, with the hash that names it: the key of a service token's record. */
export interface StoredToken {
  readonly hash: string;
  readonly record: TokenRecord;
  /** Time it ends, its ancestors' included; undefined: never. */
  readonly endsAt: number | undefined;
}

/** Most ancestors a token may have. */
export const tokenDepthMax = 256;
/** The text of a service token is this prefix and 24 characters of 0-9A-Za-z (142 bits). */
export const tokenPrefix = 'hvs.';
/** The text of a batch token is this prefix and what `batch-token.ts` says. */
export const batchTokenPrefix = 'hvb.';
/** Longest token text that is looked at. */
export const tokenBytesMax = 4096;

/** The one policy of wrapping tokens; nobody can write it or give it to another token. */
export const wrappingPolicy = 'response-wrapping';

/** Whether a token stands for a wrapped answer. */
export function isWrapping({ policies }: TokenRecord): boolean {
  return policies.length === 1 && policies[0] === wrappingPolicy;
}

/** Whether a token has every right. */
export function isRoot(record: TokenRecord): boolean {
  return record.policies.includes('root');
}

/** The kind of a token. */
export function tokenType({ type }: TokenRecord): TokenType {
  return type ?? 'service';
}
