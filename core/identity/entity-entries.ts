/**
 * Entities in the store, all under `core/identity/`:
 *
 *   entity/<id>                            the record, with its aliases
 *   entity-name/<name without case>        id of the entity
 *   entity-merged/<id>                     id of the entity that this one was merged into
 *   alias/<alias id>                       id of the entity that has it
 *   alias-at/<accessor>/<hash of the name> id of the entity that has it
 */
import type { Reader } from '../barrier/noted-reads.ts';
import type { Transaction } from '../barrier/transaction.ts';
import type { EntityAlias, EntityRecord } from './entity.ts';
import { aliasSegment, isKeySegment, nameSegment } from './identity-name.ts';

const root = 'core/identity/';

/** Directories of the entries. */
export const entityDirectories: Readonly<Record<'entity' | 'name' | 'merged' | 'alias' | 'aliasAt', string>> = {
  entity: `${root}entity/`,
  name: `${root}entity-name/`,
  merged: `${root}entity-merged/`,
  alias: `${root}alias/`,
  aliasAt: `${root}alias-at/`,
};

/** An entry that is an id. */
export function parseId(value: Uint8Array): string {
  return Buffer.from(value).toString();
}

function parseEntity(value: Uint8Array): EntityRecord {
  // Authenticated by the barrier and written only here.
  return JSON.parse(Buffer.from(value).toString()) as EntityRecord;
}

/** An entity by its own id; undefined when there is none. */
export async function readEntity(tx: Reader, id: string): Promise<EntityRecord | undefined> {
  return isKeySegment(id) ? tx.derived(entityDirectories.entity + id, parseEntity) : undefined;
}

/** An entity by its id, or that of one that was merged into it. */
export async function readEntityOrMerged(tx: Reader, id: string): Promise<EntityRecord | undefined> {
  const own = await readEntity(tx, id);
  if (own !== undefined || !isKeySegment(id)) return own;
  const into = await tx.derived(entityDirectories.merged + id, parseId);
  return into === undefined ? undefined : readEntity(tx, into);
}

async function follow(tx: Reader, key: string): Promise<EntityRecord | undefined> {
  const id = await tx.derived(key, parseId);
  return id === undefined ? undefined : readEntity(tx, id);
}

/** An entity by its name, without case. */
export function findEntityByName(tx: Reader, name: string): Promise<EntityRecord | undefined> {
  return follow(tx, entityDirectories.name + nameSegment(name));
}

/** An alias with the entity that has it. */
export interface FoundAlias {
  readonly entity: EntityRecord;
  readonly alias: EntityAlias;
}

/** An alias by its id. */
export async function findAlias(tx: Reader, aliasId: string): Promise<FoundAlias | undefined> {
  if (!isKeySegment(aliasId)) return undefined;
  const entity = await follow(tx, entityDirectories.alias + aliasId);
  const alias = entity?.aliases.find(({ id }) => id === aliasId);
  return entity === undefined || alias === undefined ? undefined : { entity, alias };
}

/** An alias by its mount and its name, without case. */
export async function findAliasAt(tx: Reader, accessor: string, name: string): Promise<FoundAlias | undefined> {
  if (!isKeySegment(accessor)) return undefined;
  const entity = await follow(tx, aliasAtKey({ accessor, name }));
  const alias = entity?.aliases.find((of) => of.accessor === accessor);
  return entity === undefined || alias === undefined ? undefined : { entity, alias };
}

function aliasAtKey({ accessor, name }: Pick<EntityAlias, 'accessor' | 'name'>): string {
  return `${entityDirectories.aliasAt}${accessor}/${aliasSegment(name)}`;
}

/** Writes an entity with what leads to it, and removes what led to its former name and aliases. @param before undefined: a new one */
export function putEntity(tx: Transaction, before: EntityRecord | undefined, entity: EntityRecord): void {
  moveKeys(tx, before === undefined ? [] : leadingTo(before), leadingTo(entity), entity.id);
  tx.put(entityDirectories.entity + entity.id, Buffer.from(JSON.stringify(entity)));
}

/** Lets other keys than before lead to an id; those that stay are not written. */
export function moveKeys(tx: Transaction, before: readonly string[], after: readonly string[], id: string): void {
  const [former, next] = [new Set(before), new Set(after)];
  for (const key of former) if (!next.has(key)) tx.delete(key);
  for (const key of next) if (!former.has(key)) tx.put(key, Buffer.from(id));
}

/** Removes an entity with what leads to it. */
export function removeEntity(tx: Transaction, entity: EntityRecord): void {
  for (const key of leadingTo(entity)) tx.delete(key);
  tx.delete(entityDirectories.entity + entity.id);
}

function leadingTo({ name, aliases, merged }: EntityRecord): readonly string[] {
  return [
    entityDirectories.name + nameSegment(name),
    ...merged.map((id) => entityDirectories.merged + id),
    ...aliases.flatMap((alias) => [entityDirectories.alias + alias.id, aliasAtKey(alias)]),
  ];
}
