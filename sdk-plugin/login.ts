/** What a login says of whoever logged in. Never a token: those are the host's alone to make. */

/** Who logged in, and what their token may do. All durations in seconds; 0 or absent: the mount's, or no bound of this kind. */
export interface Login {
  /** The name of the identity within the mount, as lockout and identity know it. */
  readonly alias: string;
  /** For people and logs; the host puts the mount's name before it. */
  readonly displayName: string;
  /** Names of policies, `default` left to the host. `root` is refused. */
  readonly policies: readonly string[];
  /** Kept for the identity's groups. */
  readonly groups?: readonly string[];
  /** Shown with the token. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ttl?: number;
  readonly maxTtl?: number;
  readonly explicitMaxTtl?: number;
  readonly period?: number;
  /** Requests that the token is good for; 0: unlimited. */
  readonly numUses?: number;
  /** Addresses that the login and its token may come from, as CIDR blocks; none: any. */
  readonly boundCidrs?: readonly string[];
  readonly noDefaultPolicy?: boolean;
  /** Default `default`: the mount's. A batch token is not stored, not renewed and not limited in its uses. */
  readonly tokenType?: 'default' | 'service' | 'batch';
  /** Default true. */
  readonly renewable?: boolean;
  /** For the method's own `renew`; nobody else sees it. Never a secret. */
  readonly data?: Readonly<Record<string, string>>;
}

/** The login of a token that is to be renewed, as far as the host kept it. */
export interface LoginToRenew {
  readonly alias: string;
  readonly displayName: string;
  /** Those that the login named, without `default`. */
  readonly policies: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}
