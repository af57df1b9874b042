/** Vault's envelope around the data of an answer, put together as text so that user JSON passes through as it was written. */
import type { AuthBlock } from './host-route.ts';
import type { Answer } from './incoming.ts';
import type { WrapInfo } from './wrap.ts';

/** What a handled request amounts to. */
export interface Outcome {
  readonly status: number;
  /** JSON text; undefined for none. */
  readonly data: string | undefined;
  readonly warnings: readonly string[];
  readonly auth: AuthBlock | undefined;
  /** Data members at the top level besides. */
  readonly topLevel: boolean;
  readonly mountType: string;
  /** Bytes in place of the envelope. */
  readonly raw?: Uint8Array | undefined;
  /** Lower-cased names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** In place of the answer's own id: of the request that a wrapped answer belongs to, or none where one is wrapped. */
  readonly requestId?: string;
  /** The answer is kept under this token. */
  readonly wrapInfo?: WrapInfo;
  /** An auth method made it. */
  readonly credential?: boolean;
  readonly lease?: { readonly id: string; readonly renewable: boolean; /** Seconds. */ readonly duration: number };
}

/** The `auth` block as JSON text. */
export function authJson(auth: AuthBlock): string {
  return JSON.stringify({
    client_token: auth.clientToken,
    accessor: auth.accessor,
    policies: auth.policies,
    token_policies: auth.tokenPolicies,
    ...(auth.identity === undefined || auth.identity.policies.length === 0 ? {} : { identity_policies: auth.identity.policies }),
    metadata: auth.metadata,
    lease_duration: auth.leaseDuration,
    renewable: auth.renewable,
    entity_id: auth.identity?.entityId ?? '',
    token_type: auth.tokenType,
    orphan: auth.orphan,
    mfa_requirement: null,
    num_uses: auth.numUses,
  });
}

/** The `wrap_info` block as JSON text. */
function wrapJson({ token, accessor, ttl, creationTime, creationPath, wrappedAccessor }: WrapInfo): string {
  return JSON.stringify({
    token,
    accessor,
    ttl,
    creation_time: creationTime,
    creation_path: creationPath,
    ...(wrappedAccessor === undefined ? {} : { wrapped_accessor: wrappedAccessor }),
  });
}

/** Puts the answer together. */
export function envelope(ownId: string, outcome: Outcome): Answer {
  const { status, data, warnings, auth, topLevel, mountType, lease, raw, wrapInfo, requestId = ownId } = outcome;
  const about = aboutBody(outcome);
  if (status === 204 || raw !== undefined) return { status, body: raw, ...about };
  const spread = topLevel && data !== undefined && data.startsWith('{') && data !== '{}' ? `${data.slice(1, -1)},` : '';
  const leaseId = lease === undefined ? '""' : JSON.stringify(lease.id);
  const body =
    `{${spread}"request_id":"${requestId}","lease_id":${leaseId},"renewable":${lease?.renewable ?? false},"lease_duration":${lease?.duration ?? 0},"data":${data ?? 'null'},` +
    `"wrap_info":${wrapInfo === undefined ? 'null' : wrapJson(wrapInfo)},"warnings":${warnings.length === 0 ? 'null' : JSON.stringify(warnings)},` +
    `"auth":${auth === undefined ? 'null' : authJson(auth)},"mount_type":${JSON.stringify(mountType)}}\n`;
  return { status, body, ...about };
}

/** The type of the body, and other headers if there are any. */
function aboutBody({ raw, headers }: Outcome): Pick<Answer, 'contentType' | 'headers'> {
  const usual = raw === undefined ? 'application/json' : 'application/octet-stream';
  if (headers === undefined) return { contentType: usual };
  const { 'content-type': contentType = usual, ...rest } = headers;
  return { contentType, headers: rest };
}
