/** Station 2: what can be refused before a byte of the body is read. */
import { StrongroomError } from '../errors.ts';
import { noBody } from './body.ts';
import type { Head } from './head.ts';
import type { Host, Unsealed } from './host.ts';
import { type Answer, errorAnswer } from './incoming.ts';
import { recordAnswer, recordParts, recordRequest } from './record.ts';
import type { Taken } from './request-counts.ts';

type Headers = Readonly<Record<string, string>>;

/** Admitted, with headers for the answer; or refused. */
export type Admission =
  | { readonly kind: 'admitted'; readonly headers: Headers | undefined }
  | { readonly kind: 'refused'; readonly answer: Answer };

/**
 * Refuses a request over its rate, with a namespace that does not exist, over its size, or while sealed.
 * @param always the route works while sealed
 * @param uploads its body may be of any size: it is not read before the request is allowed
 */
export function admit(host: Host, head: Head, always: boolean, uploads: boolean): Admission | Promise<Admission> {
  const { incoming } = head;
  const refused = (answer: Answer): Admission => ({ kind: 'refused', answer });
  if (!always) {
    const wait = host.rate.take(incoming.remoteAddress, performance.now());
    if (wait > 0) return refused(errorAnswer(429, ['request rate limit exceeded for this address'], { 'Retry-After': String(wait) }));
  }
  const { unsealed } = host;
  const counted = !always && unsealed !== undefined && !unsealed.quotas.needsRole(head.path) ? count(unsealed, head, '') : admitted;
  if (counted instanceof Promise || counted.kind === 'refused') return counted;
  const namespace = incoming.headers['x-vault-namespace'];
  if (typeof namespace === 'string' && !/^(root)?\/?$/.test(namespace)) {
    throw new StrongroomError('missing', 'header X-Vault-Namespace: there is only the root namespace');
  }
  if (!uploads && incoming.length !== undefined && incoming.length > host.limits.bodyBytesMax) {
    throw new StrongroomError('too-large', `request body: larger than ${host.limits.bodyBytesMax} bytes`);
  }
  if (!always && unsealed === undefined) return refused(errorAnswer(503, ['Vault is sealed'], { 'Retry-After': '1' }));
  return counted;
}

const admitted: Admission = { kind: 'admitted', headers: undefined };

/** Counts a request by the quota of a role, where there is one; only its body says which role it names. */
export function admitRole(unsealed: Unsealed, head: Head, role: unknown): Admission | Promise<Admission> {
  return unsealed.quotas.needsRole(head.path) ? count(unsealed, head, typeof role === 'string' ? role : '') : admitted;
}

/** A promise only for a refusal that is recorded: whoever is admitted does not wait. */
function count(unsealed: Unsealed, head: Head, role: string): Admission | Promise<Admission> {
  const { quotas } = unsealed;
  const taken = quotas.take(head.path, role, head.incoming.remoteAddress, performance.now());
  if (taken === undefined) return admitted;
  const headers = quotas.config.responseHeaders ? rateHeaders(taken, unsealed.clock.now()) : undefined;
  if (taken.allowed) return { kind: 'admitted', headers };
  const error = `request path "${head.path}": rate limit quota exceeded`;
  const wait = String(Math.max(1, Math.ceil(taken.waitMs / 1000)));
  const refused: Admission = { kind: 'refused', answer: errorAnswer(429, [error], { ...headers, 'Retry-After': wait }) };
  return quotas.config.auditLogging ? recordRefused(unsealed, head, error).then(() => refused) : refused;
}

function rateHeaders({ limit, remaining, waitMs }: Taken, now: number): Headers {
  return {
    'X-Ratelimit-Limit': String(limit),
    'X-Ratelimit-Remaining': String(remaining),
    'X-Ratelimit-Reset': new Date(now + Math.max(0, waitMs)).toUTCString(),
  };
}

/** Both lines of a request of which nobody has looked at more than the head. */
async function recordRefused(unsealed: Unsealed, head: Head, error: string): Promise<void> {
  const decision = { allowed: false, reason: error } as const;
  const facts = { head, body: noBody, rawBody: undefined, caller: { kind: 'anonymous' }, target: { kind: 'no-mount' }, decision } as const;
  const parts = recordParts(unsealed, facts);
  await Promise.all([recordRequest(unsealed, facts, parts, false), recordAnswer(unsealed, parts, undefined, undefined, error, false)]);
}
