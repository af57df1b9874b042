/**
 * Groups in the store, all under `core/identity/`:
 *
 *   group/<id>                                   the record, with its alias
 *   group-name/<name without case>               id of the group
 *   group-alias/<alias id>                       id of the group that has it
 *   group-alias-at/<accessor>/<hash of the name> id of the group that has it
 *   group-children/<id>/<id of a member>         (empty) groups that are members
 *   group-parents/<id>/<id of the other>         (empty) the same, from below
 *
 * Members that are entities: see `group-members.ts`.
 */
import type { Reader } from '../barrier/noted-reads.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { moveKeys, parseId } from './entity-entries.ts';
import type { GroupAlias, GroupRecord } from './group.ts';
import { aliasSegment, isKeySegment, nameSegment } from './identity-name.ts';

const root = 'core/identity/';

/** Directories of the entries. */
export const groupDirectories: Readonly<Record<'group' | 'name' | 'alias' | 'aliasAt' | 'children' | 'parents', string>> = {
  group: `${root}group/`,
  name: `${root}group-name/`,
  alias: `${root}group-alias/`,
  aliasAt: `${root}group-alias-at/`,
  children: `${root}group-children/`,
  parents: `${root}group-parents/`,
};

function parseGroup(value: Uint8Array): GroupRecord {
  // Authenticated by the barrier and written only here.
  return JSON.parse(Buffer.from(value).toString()) as GroupRecord;
}

/** A group by its id; undefined when there is none. */
export async function readGroup(tx: Reader, id: string): Promise<GroupRecord | undefined> {
  return isKeySegment(id) ? tx.derived(groupDirectories.group + id, parseGroup) : undefined;
}

async function follow(tx: Reader, key: string): Promise<GroupRecord | undefined> {
  const id = await tx.derived(key, parseId);
  return id === undefined ? undefined : readGroup(tx, id);
}

/** A group by its name, without case. */
export function findGroupByName(tx: Reader, name: string): Promise<GroupRecord | undefined> {
  return follow(tx, groupDirectories.name + nameSegment(name));
}

/** A group by the id of its alias. */
export async function findGroupByAlias(tx: Reader, aliasId: string): Promise<GroupRecord | undefined> {
  return isKeySegment(aliasId) ? follow(tx, groupDirectories.alias + aliasId) : undefined;
}

/** A group by the mount and the name of its alias, without case. */
export async function findGroupByAliasAt(tx: Reader, accessor: string, name: string): Promise<GroupRecord | undefined> {
  return isKeySegment(accessor) ? follow(tx, aliasAtKey({ accessor, name })) : undefined;
}

function aliasAtKey({ accessor, name }: Pick<GroupAlias, 'accessor' | 'name'>): string {
  return `${groupDirectories.aliasAt}${accessor}/${aliasSegment(name)}`;
}

/** Writes a group with what leads to it, and removes what led to its former name and alias. @param before undefined: a new one */
export function putGroup(tx: Transaction, before: GroupRecord | undefined, group: GroupRecord): void {
  moveKeys(tx, before === undefined ? [] : leadingTo(before), leadingTo(group), group.id);
  tx.put(groupDirectories.group + group.id, Buffer.from(JSON.stringify(group)));
}

/** Removes a group with what leads to it. */
export function removeGroup(tx: Transaction, group: GroupRecord): void {
  for (const key of leadingTo(group)) tx.delete(key);
  tx.delete(groupDirectories.group + group.id);
}

function leadingTo({ name, alias }: GroupRecord): readonly string[] {
  const ofAlias = alias === undefined ? [] : [groupDirectories.alias + alias.id, aliasAtKey(alias)];
  return [groupDirectories.name + nameSegment(name), ...ofAlias];
}
