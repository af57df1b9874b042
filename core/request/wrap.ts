/**
 * Response wrapping: an answer is kept under a new token, which goes out in its place and works once. It is kept in the same transaction as
 * whatever the request changed, so that there is never a change without an answer, or an answer without its token.
 */
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { wrappedKey } from '../identity/cubbyhole.ts';
import { isWrapping, type StoredToken, wrappingPolicy } from '../identity/token.ts';
import { rfc3339 } from './time-text.ts';
import type { Outcome } from './envelope.ts';
import type { Unsealed } from './host.ts';

/** What an answer says of the token that it is kept under. */
export interface WrapInfo {
  readonly token: string;
  readonly accessor: string;
  /** Seconds. */
  readonly ttl: number;
  readonly creationTime: string;
  readonly creationPath: string;
  readonly wrappedAccessor?: string;
}

/** How to wrap. */
export interface WrapWish {
  /** Seconds. */
  readonly ttl: number;
  readonly creationPath: string;
  readonly jwt: boolean;
}

/** A kept answer. */
export interface KeptAnswer {
  /** Of the request that it answered. */
  readonly requestId: string;
  readonly outcome: Outcome;
}

/** Largest answer that can be wrapped, in UTF-16 units. */
const answerMax = 2_097_152;

/** Whether an outcome goes out wrapped: errors, empty answers, and reads and lists of what is not there, do not, so that nobody unwraps nothing. */
export function canWrap({ status, data, raw, auth, lease, warnings }: Outcome): boolean {
  if (status === 204) return false;
  return status !== 404 || data !== undefined || raw !== undefined || auth !== undefined || lease !== undefined || warnings.length > 0;
}

/** Keeps an answer under a new wrapping token. Gives the outcome that goes out in its place. */
export async function wrapOutcome(unsealed: Unsealed, tx: Transaction, kept: KeptAnswer, wish: WrapWish): Promise<Outcome> {
  const { ttl, creationPath, jwt } = wish;
  const { outcome } = kept;
  const now = unsealed.clock.now();
  const made = await unsealed.tokens.create(
    tx,
    {
      policies: [wrappingPolicy],
      path: creationPath,
      displayName: '',
      meta: null,
      createdAt: now,
      expiresAt: now + ttl * 1000,
      issueTtl: ttl,
      explicitMaxTtl: ttl,
      period: 0,
      renewable: false,
      orphan: true,
      usesLeft: 1,
      boundCidrs: [],
    },
    undefined,
  );
  const text = encode(kept);
  if (text.length > answerMax)
    throw new StrongroomError('too-large', `the answer is larger than the ${answerMax} characters that can be wrapped`);
  tx.put(wrappedKey(made.record), Buffer.from(text));
  const { accessor } = made.record;
  const wrappedAccessor = outcome.auth?.accessor ?? issuedAccessor(outcome);
  return {
    status: 200,
    data: undefined,
    warnings: outcome.warnings,
    auth: undefined,
    topLevel: false,
    mountType: outcome.mountType,
    requestId: '',
    wrapInfo: {
      token: jwt ? unsealed.wrappingJwt.sign(made.token, accessor, now, ttl) : made.token,
      accessor,
      ttl,
      creationTime: rfc3339(now),
      creationPath,
      ...(wrappedAccessor === undefined ? {} : { wrappedAccessor }),
    },
  };
}

/** The accessor of a secret id that an auth method made. */
function issuedAccessor({ data, credential }: Outcome): string | undefined {
  if (credential !== true || data === undefined || !data.includes('"secret_id_accessor"')) return undefined;
  const { secret_id_accessor: accessor } = JSON.parse(data) as { readonly secret_id_accessor?: unknown };
  return typeof accessor === 'string' ? accessor : undefined;
}

/**
 * The wrapping token in a JWT of this server's; any other text as it is, which is then a token like any other.
 * @param known hash of a token that is there in any case: the caller's own, whose use this request has taken
 */
export async function wrappingTokenIn(unsealed: Unsealed, tx: Transaction, text: string, known: string | undefined): Promise<string> {
  const claimed = unsealed.wrappingJwt.claimed(text);
  if (claimed === undefined) return text;
  const { tokens } = unsealed;
  const exists = tokens.hash(claimed.token) === known || (await tokens.find(tx, claimed.token)) !== undefined;
  return exists && claimed.isOurs() ? claimed.token : text;
}

/** What a wrapping token stands for; undefined when it is no wrapping token, or has been used. */
export async function wrappedBy(tx: Transaction, { record }: StoredToken): Promise<KeptAnswer | undefined> {
  if (!isWrapping(record)) return undefined;
  const stored = await tx.get(wrappedKey(record));
  return stored === undefined ? undefined : decode(Buffer.from(stored).toString());
}

/** Ends a wrapping token with what it stands for. */
export async function forgetWrapped(unsealed: Unsealed, tx: Transaction, { hash, record }: StoredToken): Promise<void> {
  tx.delete(wrappedKey(record));
  await unsealed.tokens.revoke(tx, hash);
}

/** The raw bytes of an answer are kept in base64. */
function encode({ requestId, outcome: { raw, ...rest } }: KeptAnswer): string {
  return JSON.stringify({ requestId, outcome: rest, ...(raw === undefined ? {} : { raw: Buffer.from(raw).toString('base64') }) });
}

function decode(text: string): KeptAnswer {
  // Written by `encode`.
  const { requestId, outcome, raw } = JSON.parse(text) as KeptAnswer & { readonly raw?: string };
  return { requestId, outcome: raw === undefined ? outcome : { ...outcome, raw: Buffer.from(raw, 'base64') } };
}
