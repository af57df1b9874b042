/** One audited event as plain data. What is not named here cannot get into the log. */

declare const part: unique symbol;
/** A part of an entry, already serialized: JSON text on one line. Made by the serializer alone. */
export type AuditPart<Name extends string> = string & { readonly [part]: Name };

/** Who asked: the caller's token as it was found, or the token that a login made. */
export interface AuditAuth {
  /** HMACed. Absent where the caller sent none. */
  readonly clientToken?: string;
  /** HMACed unless the serializer is told otherwise. */
  readonly accessor?: string;
  readonly displayName: string;
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  readonly identityPolicies?: readonly string[];
  /** Values are HMACed, except under names that the serializer is told to leave clear. */
  readonly metadata?: ReadonlyMap<string, string>;
  readonly entityId?: string;
  readonly tokenType: 'service' | 'batch' | 'default';
  /** Seconds, as the token was issued. */
  readonly tokenTtl?: number;
  /** RFC 3339. */
  readonly tokenIssueTime?: string;
  readonly remainingUses?: number;
}

/** A body or answer: JSON text as it came, a ready fragment (the cache keeps one with its answer), or something that is not JSON. */
export type AuditData =
  | { readonly kind: 'json'; readonly text: string; readonly clearKeys?: ReadonlySet<string> }
  | { readonly kind: 'fragment'; readonly fragment: string }
  | { readonly kind: 'raw'; readonly body: string | Uint8Array };

/** Where a request was routed to. */
export interface AuditMount {
  /** Engine or auth method: `kv`. */
  readonly type: string;
  /** With its trailing slash: `secret/`. */
  readonly point: string;
  readonly class: 'secret' | 'auth';
  readonly accessor?: string;
  readonly version?: string;
}

/** What was asked. */
export interface AuditRequest {
  /** The request id that the answer carries too: a UUID, so it needs no escapes. */
  readonly id: string;
  /** One of the contract's verbs. */
  readonly operation: string;
  readonly path: string;
  /** The token as it was sent. HMACed. */
  readonly clientToken?: string | undefined;
  /** HMACed as `AuditAuth.accessor` is. */
  readonly clientTokenAccessor?: string | undefined;
  /** Both of these, hashed before: `AuditSerializer.token`, kept with the token. */
  readonly token?: AuditPart<'token'> | undefined;
  readonly mount?: AuditMount | undefined;
  readonly data?: AuditData | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** Seconds; present when wrapping was asked for. */
  readonly wrapTtl?: number | undefined;
  /** Only those that the operator chose; values are HMACed unless the name is in the serializer's `clearHeaders`. Names in lower case. */
  readonly headers?: ReadonlyMap<string, readonly string[]> | undefined;
  readonly policyOverride?: boolean | undefined;
}

/** A wrapped answer's token. */
export interface AuditWrapInfo {
  /** HMACed. */
  readonly token: string;
  /** HMACed as `AuditAuth.accessor` is. */
  readonly accessor: string;
  /** Seconds. */
  readonly ttl: number;
  readonly creationTime: string;
  readonly creationPath: string;
  /** HMACed as `AuditAuth.accessor` is. */
  readonly wrappedAccessor?: string;
}

/** What was answered. */
export interface AuditResponse {
  readonly data?: AuditData | undefined;
  readonly auth?: AuditAuth | undefined;
  readonly leaseId?: string | undefined;
  readonly wrapInfo?: AuditWrapInfo | undefined;
  /** Texts of the host and of engines; clear. */
  readonly warnings?: readonly string[] | undefined;
  /** HMACed: it may carry codes. */
  readonly redirect?: string | undefined;
  readonly headers?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** How the policies decided. */
export interface AuditPolicyResults {
  readonly allowed: boolean;
  readonly grantingPolicies: readonly string[];
}
