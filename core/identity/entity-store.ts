/** Makes, changes, merges and deletes entities inside transactions. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { aliasesMax, type EntityAlias, type EntityRecord, mergedMax } from './entity.ts';
import { findAliasAt, findEntityByName, putEntity, readEntity, removeEntity } from './entity-entries.ts';
import { leaveAllGroups, moveMemberships } from './group-members.ts';
import { identityPoliciesMax } from './identity-name.ts';

/** What a change of an entity says; what it leaves out stays. */
export type EntityChange = Partial<Pick<EntityRecord, 'name' | 'metadata' | 'policies' | 'disabled' | 'aliases'>>;

/** Makes an entity. Without a name it gets one. @throws StrongroomError `invalid` when the name is in use */
export async function createEntity(tx: Transaction, now: number, { name, ...facts }: EntityChange): Promise<EntityRecord> {
  if (name !== undefined) await refuseTaken(tx, name, undefined);
  const entity = {
    id: randomUUID(),
    name: name ?? (await freeName(tx)),
    metadata: {},
    policies: [],
    disabled: false,
    createdAt: now,
    updatedAt: now,
    aliases: [],
    merged: [],
    ...facts,
  };
  putEntity(tx, undefined, entity);
  return entity;
}

/** Vault's form: those who log in for the first time are told apart by eight digits. */
async function freeName(tx: Transaction): Promise<string> {
  for (;;) {
    const name = `entity_${randomBytes(4).toString('hex')}`;
    if ((await findEntityByName(tx, name)) === undefined) return name;
  }
}

async function refuseTaken(tx: Transaction, name: string, own: string | undefined): Promise<void> {
  const taken = await findEntityByName(tx, name);
  if (taken !== undefined && taken.id !== own) throw new StrongroomError('invalid', 'entity name is already in use');
}

/** Changes an entity; one that stays as it is isn't written, so that the many who say the same at once do not conflict. */
export async function changeEntity(tx: Transaction, now: number, before: EntityRecord, change: EntityChange): Promise<EntityRecord> {
  const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const entity: EntityRecord = { ...before, ...said };
  if (JSON.stringify(entity) === JSON.stringify(before)) return before;
  if (entity.name !== before.name) await refuseTaken(tx, entity.name, before.id);
  if (entity.aliases.length > aliasesMax) throw new StrongroomError('invalid', `an entity can have at most ${aliasesMax} aliases`);
  const changed = { ...entity, updatedAt: now };
  putEntity(tx, before, changed);
  return changed;
}

/** Deletes an entity, its aliases and its memberships. Its tokens are refused from then on. */
export async function deleteEntity(tx: Transaction, entity: EntityRecord): Promise<void> {
  removeEntity(tx, entity);
  await leaveAllGroups(tx, entity.id);
}

/** An alias to be: what is not said of an existing one stays. */
export interface AliasWish {
  readonly name: string;
  readonly accessor: string;
  readonly metadata?: EntityAlias['metadata'];
  readonly customMetadata?: EntityAlias['customMetadata'];
}

/** A new alias, belonging to nobody yet. */
export function newAlias(now: number, { name, accessor, metadata = {}, customMetadata = {} }: AliasWish): EntityAlias {
  return { id: randomUUID(), name, accessor, metadata, customMetadata, createdAt: now, updatedAt: now, mergedFrom: [] };
}

/**
 * Gives an alias to an entity, in place of what it was where it had it, and takes it from the one that had it.
 * @param from the entity that has it; undefined: it is new
 * @throws StrongroomError `invalid` when the name at the mount is another's, or the entity has another alias at the mount
 */
export async function placeAlias(
  tx: Transaction,
  now: number,
  from: EntityRecord | undefined,
  to: EntityRecord,
  alias: EntityAlias,
): Promise<EntityRecord> {
  const there = await findAliasAt(tx, alias.accessor, alias.name);
  if (there !== undefined && there.alias.id !== alias.id)
    throw new StrongroomError('invalid', 'an alias of this name and mount accessor exists already');
  if (to.aliases.some(({ id, accessor }) => id !== alias.id && accessor === alias.accessor))
    throw new StrongroomError('invalid', 'the entity has an alias at this mount accessor already');
  if (from !== undefined && from.id !== to.id)
    await changeEntity(tx, now, from, { aliases: from.aliases.filter(({ id }) => id !== alias.id) });
  const others = to.aliases.filter(({ id }) => id !== alias.id);
  return changeEntity(tx, now, to, { aliases: [...others, alias] });
}

/** What a merge is told. */
export interface MergeWish {
  readonly from: readonly string[];
  /** Aliases that stay where several of the entities have one at the same mount. */
  readonly keep: readonly string[];
}

/**
 * Merges entities into another, which gets their aliases, policies, groups and tokens; metadata stays the target's.
 * @throws StrongroomError `invalid` naming what doesn't fit
 */
export async function mergeEntities(tx: Transaction, now: number, to: EntityRecord, { from, keep }: MergeWish): Promise<EntityRecord> {
  let merged = to;
  const sources = await Promise.all([...new Set(from)].map((id) => readEntity(tx, id)));
  for (const source of sources) {
    if (source === undefined) throw new StrongroomError('invalid', 'field from_entity_ids: no entity has this id');
    if (source.id === to.id) throw new StrongroomError('invalid', 'field from_entity_ids: must not hold to_entity_id');
    merged = withMerged(merged, source, keep);
    removeEntity(tx, source);
    await moveMemberships(tx, source.id, to.id);
  }
  const changed = { ...merged, updatedAt: now };
  putEntity(tx, to, changed);
  return changed;
}

function withMerged(target: EntityRecord, source: EntityRecord, keep: readonly string[]): EntityRecord {
  const aliases = mergedAliases(target, source, keep);
  if (aliases.length > aliasesMax) throw new StrongroomError('invalid', `an entity can have at most ${aliasesMax} aliases`);
  const merged = [...target.merged, source.id, ...source.merged];
  if (merged.length > mergedMax) throw new StrongroomError('invalid', `at most ${mergedMax} entities can have been merged into one`);
  const policies = [...new Set([...target.policies, ...source.policies])].sort();
  if (policies.length > identityPoliciesMax)
    throw new StrongroomError('invalid', `an entity can have at most ${identityPoliciesMax} policies`);
  return { ...target, aliases, merged, policies };
}

/** One alias for each mount: where both have one, the one that is to be kept. */
function mergedAliases(target: EntityRecord, source: EntityRecord, keep: readonly string[]): readonly EntityAlias[] {
  const brought = source.aliases.map((alias) => ({ ...alias, mergedFrom: [...alias.mergedFrom, source.id] }));
  const byMount = new Map(target.aliases.map((alias) => [alias.accessor, alias]));
  for (const alias of brought) {
    const own = byMount.get(alias.accessor);
    if (own === undefined || keep.includes(alias.id)) byMount.set(alias.accessor, alias);
    else if (!keep.includes(own.id))
      throw new StrongroomError(
        'invalid',
        'the entities have aliases at the same mount: name those that are to stay in conflicting_alias_ids_to_keep',
      );
  }
  return [...byMount.values()];
}
