/**
 * Station 8 for what reaches outside the server, and what follows it:
 *
 *     prepare ─▶ commit, with the lease pending ─▶ execute, once ─▶ finish ─▶ commit, with the lease active ─▶ answer
 *
 * From the first commit on nothing of the request is done again but `finish`. Whatever goes wrong after it gives the lease up, and the keeper
 * ends it outside: also after a crash, since the lease is in storage before `execute` begins.
 */
import { grantedLease } from '@strongroom/sdk-plugin/hosting';
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { tokenType } from '../identity/token.ts';
import { activate, addPending, type LeaseRecord } from '../lease/lease-store.ts';
import { readMounts } from '../mounts/mount-table.ts';
import { type Commit, Conflict } from '../storage/types.ts';
import { authorize } from './authorize.ts';
import type { Body } from './body.ts';
import { type Attempt, conclude } from './conclude.ts';
import { outcomeOf, rawInput, refuseDuplicates } from './handle.ts';
import type { Head } from './head.ts';
import type { Host, SystemTtl, Unsealed } from './host.ts';
import { type Caller, identify } from './identify.ts';
import type { Answer } from './incoming.ts';
import { countedByLockout, mountTtl, tokenOfLogin } from './login.ts';
import type { RecordParts } from './record.ts';
import { callRoom, engineInput, type EngineTarget } from './room-call.ts';

/** What the stations before have found. */
export interface OutsideFacts {
  readonly head: Head;
  readonly body: Body;
  readonly caller: Caller;
  readonly target: EngineTarget;
  readonly tx: Transaction;
  readonly parts: RecordParts;
}

/** Longer than the longest deadline of a call: a lease that is still pending then belongs to nobody. */
const pendingMs = 120_000;
/** Conflicts after which `finish` gives up. */
const finishTriesMax = 32;

/** Serves a request whose operation has the three steps. @throws Conflict before anything is sequenced; StrongroomError */
export async function serveOutside(unsealed: Unsealed, host: Host, facts: OutsideFacts, attempt: Attempt): Promise<Answer> {
  refuseDuplicates(facts.target, facts);
  const input = engineInput(facts.target.operation.input, rawInput(facts));
  return countedByLockout(unsealed, facts.target, attempt.kept, input, () => serveSteps(unsealed, host, facts, attempt, input));
}

async function serveSteps(
  unsealed: Unsealed,
  host: Host,
  facts: OutsideFacts,
  attempt: Attempt,
  input: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const { tx, caller, target, head } = facts;
  const { kept } = attempt;
  const prepared = await callRoom(unsealed, target, 'prepare', { head, caller, tx, kept, input: () => input });
  const lease = pend(unsealed, host, facts, prepared);
  await attempt.recorded;
  const settle = (): Commit | undefined => {
    if (tx.dirty) return tx.commit();
    tx.check();
    return undefined;
  };
  const commit = lease === undefined ? settle() : await unsealed.quotas.issueLease(head.path, settle);
  // Restarting the request from here on would execute twice.
  attempt.sequenced = true;
  await (commit?.durable ?? unsealed.storage.durable(tx.newestRead()));
  try {
    const executed = await callRoom(unsealed, target, 'execute', { head, caller, tx: undefined, carried: prepared.carried ?? 'null' });
    const carried = `[${prepared.carried ?? 'null'},${executed.carried ?? 'null'}]`;
    return await finish(unsealed, facts, { carried, lease, attempt, head, system: host.ttl });
  } catch (error) {
    if (lease !== undefined) await unsealed.leases.giveUp(lease.id);
    throw error;
  }
}

/** Stores the lease that `prepare` asks for, pending. @throws StrongroomError `internal` for a kind that the engine does not have */
function pend(
  unsealed: Unsealed,
  host: Host,
  { tx, target, head, caller }: OutsideFacts,
  { lease }: ReplyMessage,
): LeaseRecord | undefined {
  if (lease === undefined) return undefined;
  const { mount, engine } = target;
  const kind = Object.hasOwn(engine.outline.leases, lease.kind) ? engine.outline.leases[lease.kind] : undefined;
  if (kind === undefined) throw new StrongroomError('internal', 'the engine asked for a kind of lease that it does not declare');
  const { ttl, maxTtl } = grantedLease(lease, mountTtl(mount, host.ttl));
  const { path } = head;
  const wish = { mountId: mount.id, kind: lease.kind, data: lease.data, renewable: kind.renewable, path, ttl, maxTtl, ...holderOf(caller) };
  return addPending(tx, wish, unsealed.clock.now(), pendingMs);
}

/** The token that a lease ends with: the caller's, or the one above a batch token, of which nothing is stored. */
function holderOf(caller: Caller): { readonly token?: string } {
  if (caller.kind !== 'token') return {};
  const { hash, record } = caller.token;
  const token = tokenType(record) === 'batch' ? record.parent : hash;
  return token === undefined ? {} : { token };
}

interface Finishing {
  /** JSON text of plan and result. */
  readonly carried: string;
  readonly lease: LeaseRecord | undefined;
  readonly attempt: Attempt;
  readonly head: Head;
  readonly system: SystemTtl;
}

/** Runs `finish` until nothing comes between. The caller must still be allowed: `execute` may have taken long. */
async function finish(unsealed: Unsealed, facts: OutsideFacts, finishing: Finishing): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    // Sequenced or not is asked for this transaction alone.
    const attempt: Attempt = { ...finishing.attempt, sequenced: false };
    try {
      return await finishOnce(unsealed, facts, { ...finishing, attempt });
    } catch (error) {
      if (!(error instanceof Conflict) || attempt.sequenced) throw error;
      if (tries >= finishTriesMax) throw new StrongroomError('unavailable', 'too many concurrent changes to the same data; try again');
    }
  }
}

async function finishOnce(unsealed: Unsealed, facts: OutsideFacts, { carried, lease, attempt, head, system }: Finishing): Promise<Answer> {
  const { body, target, parts } = facts;
  const { tx, caller } = await identify(unsealed, head, attempt.spent);
  const mount = (await readMounts(tx)).mounts.find(({ id }) => id === target.mount.id);
  if (mount === undefined) throw new StrongroomError('missing', `no handler for route "${head.path}". route entry not found.`);
  if (!authorize(head, body, caller, target).allowed) {
    tx.check();
    throw new StrongroomError('denied', 'permission denied: the token lost its right while the request ran');
  }
  const active = lease === undefined ? undefined : await activate(tx, lease.id, unsealed.clock.now());
  const message = await callRoom(unsealed, target, 'finish', { head, caller, tx, carried, kept: attempt.kept });
  const { auth, warnings } = await tokenOfLogin(unsealed, system, target, { head, tx }, message.reply);
  const reply = warnings.length === 0 ? message.reply : { ...message.reply, warnings: [...(message.reply?.warnings ?? []), ...warnings] };
  const outcome = {
    ...outcomeOf(target.verb, reply, { auth, topLevel: false, mountType: mount.type, credential: mount.class === 'auth' }),
    ...(active === undefined
      ? {}
      : { lease: { id: active.id, renewable: active.renewable, duration: Math.floor((active.expiresAt - active.issuedAt) / 1000) } }),
  };
  return conclude(unsealed, { head, target, tx, parts, changes: true }, attempt, {
    outcome,
    reply: undefined,
    cached: undefined,
    keep: undefined,
  });
}
