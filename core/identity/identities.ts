/**
 * What an entity brings to each request of its tokens: itself, its groups and all their policies. It is put together once and kept until
 * anything that it was made of changes, so that a change holds from the next request on.
 */
import { NotedReads, type Reader } from '../barrier/noted-reads.ts';
import { RecentMap } from '../barrier/recent-map.ts';
import type { ReadSet, Transaction } from '../barrier/transaction.ts';
import type { EntityRecord } from './entity.ts';
import { readEntityOrMerged } from './entity-entries.ts';
import type { GroupRecord } from './group.ts';
import { readGroup } from './group-entries.ts';
import { directGroups } from './group-members.ts';
import { neighbours } from './group-nesting.ts';
import { wrappingPolicy } from './token.ts';

/** An entity with its groups. Shared between requests: never changed. */
export interface Identity {
  readonly entity: EntityRecord;
  /** Those that it is a member of itself. */
  readonly direct: readonly GroupRecord[];
  /** Those that these are members of, at any depth. */
  readonly inherited: readonly GroupRecord[];
  /** Of all of them, each once and in order. */
  readonly policies: readonly string[];
}

interface Kept {
  readonly reads: ReadSet;
  readonly identity: Identity;
}

/** Most identities that are kept put together. */
const keptMax = 10_000;
/** No identity gives these, whatever is written. */
const never: ReadonlySet<string> = new Set(['root', wrappingPolicy]);

/** Puts identities together. */
export class Identities {
  /** By id of the entity. */
  readonly #kept = new RecentMap<Kept>(keptMax);

  /** The identity of an entity's id; undefined when there is no such entity any more. Answers at once when it is kept. */
  of(tx: Transaction, entityId: string): Identity | undefined | Promise<Identity | undefined> {
    // What this very transaction has written is in nothing that is kept.
    if (tx.dirty) return identityOf(tx, entityId);
    const kept = this.#kept.get(entityId);
    return kept !== undefined && tx.dependAll(kept.reads) ? kept.identity : this.#find(tx, entityId);
  }

  async #find(tx: Transaction, entityId: string): Promise<Identity | undefined> {
    const noted = new NotedReads(tx);
    const identity = await identityOf(noted, entityId);
    const reads = noted.checked();
    if (identity !== undefined) this.#kept.set(entityId, { reads, identity });
    return identity;
  }

  /** Forgets everything (at seal). */
  clear(): void {
    this.#kept.clear();
  }
}

async function identityOf(tx: Reader, entityId: string): Promise<Identity | undefined> {
  const entity = await readEntityOrMerged(tx, entityId);
  if (entity === undefined) return undefined;
  const direct = await directGroups(tx, entity.id);
  const inherited = await groupsAbove(tx, direct);
  const policies = new Set([entity, ...direct, ...inherited].flatMap((giver) => giver.policies));
  return { entity, direct, inherited, policies: [...policies].filter((name) => !never.has(name)).sort() };
}

/** Each once, and none of those that it begins with. */
async function groupsAbove(tx: Reader, direct: readonly GroupRecord[]): Promise<readonly GroupRecord[]> {
  const seen = new Set(direct.map(({ id }) => id));
  const found: GroupRecord[] = [];
  for (const pending = [...seen]; pending.length > 0;) {
    for (const id of await neighbours(tx, 'parents', pending.pop() ?? '')) {
      if (seen.has(id)) continue;
      seen.add(id);
      const group = await readGroup(tx, id);
      if (group !== undefined) found.push(group);
      pending.push(id);
    }
  }
  return found;
}
