/** Stations 7 and 9: the request, allowed or refused, and its answer, become lines of the audit. Nothing secret leaves the serializer. */
import type { AuditAuth, AuditData, AuditMount, AuditPart } from '../audit/entry.ts';
import type { Identity } from '../identity/identities.ts';
import type { TokenRecord } from '../identity/token.ts';
import { isRoot, tokenType } from '../identity/token.ts';
import type { Mount } from '../mounts/mount-table.ts';
import type { Decision } from '../policy/acl.ts';
import type { AuthBlock } from './host-route.ts';
import type { Body } from './body.ts';
import type { Outcome } from './envelope.ts';
import type { Head } from './head.ts';
import type { Incoming } from './incoming.ts';
import type { Unsealed } from './host.ts';
import type { Caller } from './identify.ts';
import { allPolicies } from './rights.ts';
import { hostMountPath, hostMounts, type Target } from './route.ts';

/** What both lines of a request share. */
export interface RecordFacts {
  readonly head: Head;
  readonly body: Body;
  /** A body that is not JSON: it is HMACed as a whole. */
  readonly rawBody: Uint8Array | undefined;
  readonly caller: Caller;
  readonly target: Target;
  readonly decision: Decision;
}

/** What the audit says of a caller in each of its lines, made once per stored token, and again when its identity changes. */
interface CallerParts {
  readonly identity: Identity | undefined;
  readonly auth: AuditPart<'auth'>;
  readonly token: AuditPart<'token'>;
}

type KnownCaller = Extract<Caller, { readonly kind: 'token' }>;

const callerParts = new WeakMap<TokenRecord, CallerParts>();

function partsOf({ auditText }: Unsealed, { token: { record }, identity }: KnownCaller, text: string): CallerParts {
  let parts = callerParts.get(record);
  if (parts === undefined || parts.identity !== identity) {
    parts = { identity, auth: auditText.auth(auditAuth(record, identity, text)), token: auditText.token(text, record.accessor) };
    callerParts.set(record, parts);
  }
  return parts;
}

function auditAuth(record: TokenRecord, identity: Identity | undefined, clientToken: string): AuditAuth {
  return {
    clientToken,
    accessor: record.accessor,
    displayName: record.displayName,
    policies: allPolicies(record, identity),
    tokenPolicies: record.policies,
    ...(identity === undefined ? {} : { identityPolicies: identity.policies, entityId: identity.entity.id }),
    ...(record.meta === null ? {} : { metadata: new Map(Object.entries(record.meta)) }),
    tokenType: tokenType(record),
    tokenTtl: record.issueTtl,
    tokenIssueTime: new Date(record.createdAt).toISOString(),
    ...(record.usesLeft > 0 ? { remainingUses: record.usesLeft } : {}),
  };
}

const hostParts: ReadonlyMap<string, AuditMount> = new Map(
  hostMounts.map(([path, type]) => [`${path}/`, { type, point: `${path}/`, class: path.startsWith('auth/') ? 'auth' : 'secret' }]),
);

function auditMount(target: Target, path: string): AuditMount | undefined {
  if (target.kind === 'no-mount') return undefined;
  return target.mount === undefined ? hostParts.get(hostMountPath(path) ?? '') : mountPart(target.mount);
}

const mountParts = new WeakMap<Mount, AuditMount>();

function mountPart(mount: Mount): AuditMount {
  let part = mountParts.get(mount);
  if (part === undefined)
    mountParts.set(
      mount,
      (part = { type: mount.type, point: mount.path, class: mount.class, accessor: mount.accessor, version: mount.pluginVersion }),
    );
  return part;
}

function clearKeys(keys: readonly string[] | undefined): { readonly clearKeys?: ReadonlySet<string> } {
  return keys === undefined || keys.length === 0 ? {} : { clearKeys: new Set(keys) };
}

function requestData(facts: RecordFacts): AuditData | undefined {
  const { head, body, rawBody, target } = facts;
  const keys = 'mount' in target ? target.mount?.config.auditNonHmacRequestKeys : undefined;
  if (rawBody !== undefined) return { kind: 'raw', body: rawBody };
  if (body.json !== undefined) return { kind: 'json', text: body.json, ...clearKeys(keys) };
  return head.query.size === 0 ? undefined : { kind: 'json', text: JSON.stringify(Object.fromEntries(head.query)), ...clearKeys(keys) };
}

/** The parts of both lines, serialized once. */
export interface RecordParts {
  readonly auth: AuditPart<'auth'> | undefined;
  readonly request: AuditPart<'request'>;
  readonly mount: AuditMount | undefined;
}

/** Serializes what both lines share. */
export function recordParts(unsealed: Unsealed, facts: RecordFacts): RecordParts {
  const { head, caller, target } = facts;
  const { incoming } = head;
  const mount = auditMount(target, head.path);
  const data = requestData(facts);
  const known = caller.kind === 'token' && head.token !== undefined ? partsOf(unsealed, caller, head.token) : undefined;
  const token = known?.token ?? (head.token === undefined ? undefined : unsealed.auditText.token(head.token));
  return {
    mount,
    auth: known?.auth,
    request: unsealed.auditText.request({
      id: head.requestId,
      operation: 'verb' in target ? target.verb : head.verb,
      path: head.path,
      token,
      mount,
      data,
      remoteAddress: incoming.remoteAddress,
      remotePort: incoming.remotePort,
      wrapTtl: head.wrapTtl,
      headers: shownHeaders(unsealed, incoming),
    }),
  };
}

/** Those that the operator chose. */
function shownHeaders({ settings }: Unsealed, { headers }: Incoming): ReadonlyMap<string, readonly string[]> | undefined {
  const names = settings.shownHeaders;
  if (names.length === 0) return undefined;
  return new Map(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, [headers[name]].flat()] as const])));
}

/** Records a request. `sync`: it may change something, so its line must be safe before the change is. */
export function recordRequest(unsealed: Unsealed, facts: RecordFacts, parts: RecordParts, sync: boolean): Promise<void> {
  const { caller, decision } = facts;
  const allowed = decision.allowed;
  const line = unsealed.auditText.requestEntry({
    time: unsealed.clock.now(),
    auth: parts.auth,
    request: parts.request,
    policyResults: {
      allowed,
      grantingPolicies: allowed && !(caller.kind === 'token' && isRoot(caller.token.record)) ? decision.rule.policies : [],
    },
    error: allowed ? undefined : `permission denied: ${decision.reason}`,
  });
  return unsealed.audit.record(line, { sync });
}

/** Records an answer. */
export function recordAnswer(
  unsealed: Unsealed,
  parts: RecordParts,
  outcome: Outcome | undefined,
  data: AuditData | undefined,
  error: string | undefined,
  sync: boolean,
): Promise<void> {
  const auth = outcome?.auth;
  const line = unsealed.auditText.responseEntry(
    { time: unsealed.clock.now(), auth: parts.auth, request: parts.request, error },
    {
      data,
      warnings: outcome === undefined || outcome.warnings.length === 0 ? undefined : outcome.warnings,
      auth: auth === undefined ? undefined : issuedAuth(auth),
      leaseId: outcome?.lease?.id,
      wrapInfo: outcome?.wrapInfo,
    },
    parts.mount,
  );
  return unsealed.audit.record(line, { sync });
}

function issuedAuth(auth: AuthBlock): AuditAuth {
  return {
    clientToken: auth.clientToken,
    accessor: auth.accessor,
    displayName: auth.displayName,
    policies: auth.policies,
    tokenPolicies: auth.tokenPolicies,
    ...(auth.identity === undefined ? {} : { identityPolicies: auth.identity.policies, entityId: auth.identity.entityId }),
    ...(auth.metadata === null ? {} : { metadata: new Map(Object.entries(auth.metadata)) }),
    tokenType: auth.tokenType,
    tokenTtl: auth.leaseDuration,
  };
}

/** The answer's data as the audit sees it. */
export function answerData(outcome: Outcome, keys: readonly string[] | undefined): AuditData | undefined {
  if (outcome.raw !== undefined) return { kind: 'raw', body: outcome.raw };
  return outcome.data === undefined ? undefined : { kind: 'json', text: outcome.data, ...clearKeys(keys) };
}
