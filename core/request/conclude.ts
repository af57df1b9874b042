/** The end of a request: commit or check, record the answer, wait for what it rests on, and give the bytes. */
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Commit } from '../storage/types.ts';
import { envelope, type Outcome } from './envelope.ts';
import type { Found, Handled } from './handle.ts';
import type { Head } from './head.ts';
import type { Unsealed } from './host.ts';
import type { HostReply } from './host-route.ts';
import { type Answer, errorAnswer } from './incoming.ts';
import type { KeptOverRestarts } from './login.ts';
import { answerData, recordAnswer, type RecordParts } from './record.ts';
import { canWrap, wrapOutcome } from './wrap.ts';

/** What survives a restart. */
export interface Attempt {
  /** The request's line, once it is written. */
  recorded: Promise<void> | undefined;
  recordedAs: string;
  /** Whether its writes are in the log's sequence: from then on it can't restart. */
  sequenced: boolean;
  /** Hash of the token whose last or next use this request has taken. */
  spent: string | undefined;
  /** Of the last attempt: for the answer's line when there is none after it. */
  last: { readonly parts: RecordParts; readonly changes: boolean } | undefined;
  readonly kept: KeptOverRestarts;
}

/** What the stations up to the handler have found. */
export interface Concluding {
  readonly head: Head;
  readonly target: Found;
  readonly tx: Transaction;
  readonly parts: RecordParts;
  /** Whether the lines of this request must be synced. */
  readonly changes: boolean;
}

/** Commits or checks, records the answer, and waits until everything it rests on is safe. @throws Conflict before anything is sequenced */
export async function conclude(unsealed: Unsealed, found: Concluding, attempt: Attempt, handled: Handled): Promise<Answer> {
  const { head, target, tx, parts, changes } = found;
  const { outcome, reply, cached, keep } = head.wrapTtl === undefined ? handled : await wrap(unsealed, found, handled, head.wrapTtl);
  if (reply?.raw !== undefined) {
    tx.check();
    await Promise.all([attempt.recorded, recordAnswer(unsealed, parts, undefined, undefined, undefined, false)]);
    return reply.raw;
  }
  if (tx.dirty || reply?.keyring !== undefined) await attempt.recorded;
  const data = answerData(outcome, target.mount?.config.auditNonHmacResponseKeys);
  const fragment = cached?.auditData ?? (data === undefined ? undefined : unsealed.auditText.fragment(data));
  // From here to the answer's line nothing may yield: what was checked is what is recorded and answered.
  const commit = settle(tx, reply, target.verb === 'delete');
  attempt.sequenced = commit !== undefined;
  const auditData = fragment === undefined ? undefined : { kind: 'fragment' as const, fragment };
  const answered = recordAnswer(unsealed, parts, outcome, auditData, undefined, changes);
  if (keep !== undefined) {
    const { status, data: text, warnings, raw, headers } = outcome;
    const answer = { status, data: text, warnings, raw, headers, auditData: fragment };
    unsealed.cache.keep(keep.key, { reads: tx.readSet(), ...answer, validUntil: keep.validUntil, leaseDuration: keep.leaseDuration });
  }
  const safe = commit?.durable ?? unsealed.storage.durable(tx.newestRead());
  // One after another where that will do: to wait for all at once costs a read more.
  if (safe === undefined) await answered;
  else await Promise.all([safe, answered]);
  await attempt.recorded;
  const answer = (await reply?.after?.()) ?? respond(head, outcome);
  const sent = handled.reply?.sent ?? handled.reply?.raw?.sent;
  return sent === undefined ? answer : { ...answer, sent };
}

/** Keeps the answer under a wrapping token, in the request's own transaction; one that has to go out as it is stays as it is. */
async function wrap(unsealed: Unsealed, { head, tx }: Concluding, handled: Handled, ttl: number): Promise<Handled> {
  const { raw, ...rest } = handled.reply ?? {};
  if (raw?.stream !== undefined)
    throw new StrongroomError('invalid', 'header X-Vault-Wrap-TTL: this answer, which is sent as it comes, cannot be wrapped');
  const outcome = raw === undefined ? handled.outcome : rawOutcome(handled.outcome, raw);
  if (outcome.wrapInfo !== undefined || !canWrap(outcome)) return handled;
  const wish = { ttl, creationPath: head.path, jwt: head.wrapFormat === 'jwt' };
  const kept = { requestId: outcome.requestId ?? head.requestId, outcome: { ...outcome, topLevel: false } };
  return { reply: rest, outcome: await wrapOutcome(unsealed, tx, kept, wish), cached: undefined, keep: undefined };
}

/** An answer that has no envelope, as an outcome. */
function rawOutcome(outcome: Outcome, { status, body, contentType = 'application/json', headers }: Answer): Outcome {
  const raw = body === undefined ? undefined : Buffer.from(body);
  return { ...outcome, status, raw, headers: { ...headers, 'content-type': contentType } };
}

/** Commits what was written, or proves that what was read still stands. @throws Conflict */
function settle(tx: Transaction, reply: HostReply | undefined, deletes: boolean): Commit | undefined {
  if (!tx.dirty && reply?.keyring === undefined) {
    tx.check();
    return undefined;
  }
  const options = deletes || reply?.urgent === true ? { urgent: true } : {};
  return reply?.keyring === undefined ? tx.commit(options) : reply.keyring.commit(options);
}

/** Station 10. */
function respond(head: Head, outcome: Outcome): Answer {
  if (outcome.status === 404 && outcome.data === undefined && outcome.raw === undefined) {
    return outcome.warnings.length === 0 ? errorAnswer(404, []) : envelope(head.requestId, outcome);
  }
  return envelope(head.requestId, outcome);
}
