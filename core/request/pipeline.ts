/**
 * One request, ten stations, one direction:
 *
 *   head → admit → body → identify → route → authorize → record → handle → record → respond
 *
 * From identify to respond it is one transaction; a conflict starts it again at identify. Nothing is answered before everything
 * it read or wrote is durable and both its lines are in the audit.
 */
import { randomUUID } from 'node:crypto';
import { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { Conflict } from '../storage/types.ts';
import { admit, admitRole } from './admit.ts';
import { authorize } from './authorize.ts';
import { type Body, noBody, parseBody } from './body.ts';
import { corsHeaders, preflight } from './cors.ts';
import { type Attempt, conclude } from './conclude.ts';
import { handleTarget } from './handle.ts';
import { type Head, readHead } from './head.ts';
import type { Host, Unsealed } from './host.ts';
import { type Answer, errorAnswer, type Incoming } from './incoming.ts';
import { type Caller, identify } from './identify.ts';
import { readInput } from './input.ts';
import { keptOverRestarts } from './login.ts';
import { serveOutside } from './outside.ts';
import { recordAnswer, recordParts, recordRequest } from './record.ts';
import { findTarget, isHostPath, type Target } from './route.ts';
import { wrappingTokenIn } from './wrap.ts';

/** Conflicts after which a request gives up with 503. */
export const restartsMax = 8;

/** The same for a request that has taken a use of its token: each use that others take is a conflict, and its own would be lost. */
const restartsMaxWithUse = 128;

/** Answers a request. Never throws. */
export async function serveRequest(host: Host, incoming: Incoming): Promise<Answer> {
  const cors = corsHeaders(host.cors, incoming);
  if (cors === 'refused') return errorAnswer(403, ['origin not allowed']);
  const answer = await serve(host, incoming);
  return cors === undefined ? answer : { ...answer, headers: { ...answer.headers, ...cors } };
}

async function serve(host: Host, incoming: Incoming): Promise<Answer> {
  let slot: number | undefined;
  try {
    if (incoming.method === 'OPTIONS') return preflight(host.cors);
    const head = readHead(incoming.method === 'HEAD' ? headAsGet(incoming) : incoming, randomUUID(), host.limits.pathBytesMax);
    slot = host.underWay.begin({ head, startedAt: Date.now() });
    return await serveHead(host, head);
  } catch (error) {
    return answerError(host, error);
  } finally {
    if (slot !== undefined) host.underWay.end(slot);
  }
}

async function serveHead(host: Host, head: Head): Promise<Answer> {
  const { incoming } = head;
  const own = isHostPath(head.path) ? host.system.match(head.path, head.verb === 'list')?.route : undefined;
  const raw = head.help ? undefined : own?.raw[head.verb];
  const uploads = own?.uploads.has(head.verb) === true;
  const admitting = admit(host, head, raw !== undefined, uploads);
  const admission = admitting instanceof Promise ? await admitting : admitting;
  if (admission.kind === 'refused') return admission.answer;
  const reading = uploads ? Buffer.alloc(0) : incoming.readBody(host.limits.bodyBytesMax);
  const bytes = reading instanceof Promise ? await reading : reading;
  const contentType = incoming.headers['content-type'];
  const parsed = parse(bytes, typeof contentType === 'string' ? contentType : undefined, host);
  if (raw !== undefined) {
    if (head.wrapTtl !== undefined && head.verb !== 'read') throw wrappingRefused();
    if (parsed.error !== undefined) throw parsed.error;
    if (parsed.body.duplicateKeys) throw new StrongroomError('invalid', 'request body: an object names a key twice');
    const fields = own?.verbs[head.verb]?.input ?? {};
    const source = parsed.body.json === undefined ? { value: (name: string) => head.query.get(name), text: () => undefined } : parsed.body;
    return raw(host, head, readInput(fields, source) as never);
  }
  const { unsealed } = host;
  if (unsealed === undefined) throw new StrongroomError('sealed', 'Vault is sealed');
  const admittingRole = admitRole(unsealed, head, parsed.body.value('role'));
  const byRole = admittingRole instanceof Promise ? await admittingRole : admittingRole;
  if (byRole.kind === 'refused') return byRole.answer;
  const answer = await transact(host, unsealed, {
    head: head.path.startsWith('sys/wrapping/') ? await withTokenOfJwt(unsealed, head) : head,
    body: parsed.body,
    rawBody: parsed.error === undefined ? undefined : bytes,
    bodyError: parsed.error,
  });
  const headers = byRole.headers ?? admission.headers;
  return headers === undefined ? answer : { ...answer, headers: { ...answer.headers, ...headers } };
}

/** HEAD is known for the health check only; the listener drops the body. */
function headAsGet(incoming: Incoming): Incoming {
  return /^\/v1\/sys\/health\/?(\?|$)/.test(incoming.target) ? { ...incoming, method: 'GET' } : incoming;
}

interface Parsed {
  readonly body: Body;
  readonly error?: StrongroomError;
}

/** A body that does not parse is an answer like any other: it is recorded before it is refused. */
function parse(bytes: Buffer, contentType: string | undefined, host: Host): Parsed {
  try {
    return { body: parseBody(bytes, contentType, { tokensMax: host.limits.jsonTokensMax, depthMax: host.limits.jsonDepthMax }) };
  } catch (error) {
    if (error instanceof StrongroomError) return { body: noBody, error };
    throw error;
  }
}

interface Admitted {
  readonly head: Head;
  readonly body: Body;
  readonly rawBody: Uint8Array | undefined;
  readonly bodyError: StrongroomError | undefined;
}

/** Never throws. */
async function transact(host: Host, unsealed: Unsealed, admitted: Admitted): Promise<Answer> {
  const kept = keptOverRestarts(unsealed);
  const attempt: Attempt = { recorded: undefined, recordedAs: '', sequenced: false, spent: undefined, last: undefined, kept };
  for (let restarts = 0; ; restarts++) {
    try {
      return await attemptOnce(host, unsealed, admitted, attempt);
    } catch (error) {
      if (!(error instanceof Conflict)) return answerError(host, error);
      if (restarts >= (attempt.spent === undefined ? restartsMax : restartsMaxWithUse))
        return giveUp(unsealed, attempt).catch((refusal: unknown) => answerError(host, refusal));
    }
  }
}

/** This refusal, too, has both its lines before it leaves. */
async function giveUp(unsealed: Unsealed, { recorded, last }: Attempt): Promise<never> {
  const refusal = new StrongroomError('unavailable', 'too many concurrent changes to the same data; try again');
  if (last !== undefined)
    await Promise.all([recorded, recordAnswer(unsealed, last.parts, undefined, undefined, refusal.message, last.changes)]);
  throw refusal;
}

async function attemptOnce(host: Host, unsealed: Unsealed, admitted: Admitted, attempt: Attempt): Promise<Answer> {
  const { body } = admitted;
  const identifying = identify(unsealed, admitted.head, attempt.spent);
  const { tx, caller } = identifying instanceof Promise ? await identifying : identifying;
  const target = await findTarget(host, unsealed, tx, admitted.head, caller);
  // From here on there is one spelling of the path.
  const head = 'path' in target && target.path !== admitted.head.path ? { ...admitted.head, path: target.path } : admitted.head;
  const decision = authorize(head, body, caller, target);
  const facts = { ...admitted, head, caller, target, decision };
  const parts = recordParts(unsealed, facts);
  // What is open to all takes no use, as in Vault: a wrapping token is still good after it was looked up.
  const open = 'route' in target && target.route.access === 'public';
  const spends = !open && caller.kind === 'token' && caller.token.record.usesLeft > 0 && attempt.spent === undefined;
  const reachesOutside = target.kind === 'engine' && target.operation.outside;
  const changes =
    spends || reachesOutside || head.wrapTtl !== undefined || !(head.verb === 'read' || head.verb === 'list' || head.verb === 'scan');
  attempt.last = { parts, changes };
  // A restart that decides the same is still the same request; another decision is recorded too.
  const recordedAs = `${decision.allowed} ${caller.kind === 'token' ? caller.token.hash : caller.kind}`;
  if (attempt.recordedAs !== recordedAs) {
    attempt.recordedAs = recordedAs;
    attempt.recorded = recordRequest(unsealed, facts, parts, changes);
    attempt.recorded.catch(() => {});
  }
  if (spends) {
    await attempt.recorded;
    await unsealed.tokens.inTurn(caller.token.hash, () => spendUse(unsealed, caller.token.hash));
    attempt.spent = caller.token.hash;
    throw new Conflict('the token has changed: it has one use less');
  }
  try {
    if (!decision.allowed) throw deniedTo(caller, target, body);
    if (target.kind === 'no-mount') throw new StrongroomError('missing', `no handler for route "${head.path}". route entry not found.`);
    if (head.wrapTtl !== undefined && head.wrapTtl > host.ttl.maxTtl)
      throw new StrongroomError('invalid', `header X-Vault-Wrap-TTL: at most ${host.ttl.maxTtl} seconds`);
    if (admitted.bodyError !== undefined) throw admitted.bodyError;
    if (target.kind === 'no-path') throw new StrongroomError('missing', '1 error occurred:\n\t* unsupported path\n\n');
    if (target.kind === 'no-verb') throw new StrongroomError('unsupported', '1 error occurred:\n\t* unsupported operation\n\n');
    if (reachesOutside) return await serveOutside(unsealed, host, { head, body, caller, target, tx, parts }, attempt);
    const handled = await handleTarget(host, unsealed, target, {
      head,
      body,
      caller,
      sudo: decision.allowed && decision.sudo,
      tx,
      kept: attempt.kept,
      recorded: attempt.recorded,
    });
    return await conclude(unsealed, { head, target, tx, parts, changes }, attempt, handled);
  } catch (error) {
    // What has been sequenced is not done again, whatever happened afterwards.
    if (!attempt.sequenced) {
      if (error instanceof Conflict) throw error;
      tx.check();
    }
    const refusal = asRefusal(host, error);
    await Promise.all([
      attempt.recorded,
      recordAnswer(unsealed, parts, undefined, undefined, refusal.message, changes),
      unsealed.storage.durable(tx.newestRead()),
    ]);
    return refusalAnswer(refusal);
  }
}

async function spendUse(unsealed: Unsealed, hash: string): Promise<void> {
  const tx = new Transaction(unsealed);
  const token = await unsealed.tokens.findByHash(tx, hash);
  if (token === undefined || token.record.usesLeft < 1) throw new Conflict('the token has changed');
  unsealed.tokens.spendUse(tx, token);
  await tx.commit().durable;
}

/** A refusal by policy or for want of a valid token; where the token itself is what the request is about, that it is none. */
function deniedTo(caller: Caller, target: Target, body: Body): StrongroomError {
  if (caller.kind === 'token') return new StrongroomError('denied', '1 error occurred:\n\t* permission denied\n\n');
  const about = caller.kind === 'invalid' && target.kind === 'host' ? target.route.unknownToken : undefined;
  if (about !== undefined && body.value('token') === undefined) return new StrongroomError('invalid', about);
  return new StrongroomError('denied', 'permission denied');
}

/** A wrapping token may come as a JWT, where it is what the request is about. */
async function withTokenOfJwt(unsealed: Unsealed, head: Head): Promise<Head> {
  return head.token === undefined
    ? head
    : { ...head, token: await wrappingTokenIn(unsealed, new Transaction(unsealed), head.token, undefined) };
}

/** Whoever asks for a wrapped answer must not get it unwrapped. */
function wrappingRefused(): StrongroomError {
  return new StrongroomError('invalid', 'header X-Vault-Wrap-TTL: this path, which works while sealed, does not wrap its answers');
}

function asRefusal(host: Host, error: unknown): StrongroomError {
  if (error instanceof StrongroomError) {
    if (error.code === 'internal' && error.cause !== undefined) host.log.error({ err: error.cause }, error.message);
    return error;
  }
  host.log.error({ err: error }, 'a request failed');
  return new StrongroomError('internal', 'internal error');
}

function refusalAnswer(refusal: StrongroomError): Answer {
  const retry = refusal.status === 503 || refusal.status === 429 ? { 'Retry-After': '1' } : undefined;
  return errorAnswer(refusal.status, refusal.errors, retry);
}

function answerError(host: Host, error: unknown): Answer {
  return refusalAnswer(asRefusal(host, error));
}
