/** Makes, changes and deletes groups inside transactions. */
import { randomUUID } from 'node:crypto';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { GroupAlias, GroupRecord } from './group.ts';
import { findGroupByAliasAt, findGroupByName, putGroup, removeGroup } from './group-entries.ts';
import { openRoll, setMembers, voidRoll } from './group-members.ts';
import { setMemberGroups, unnest } from './group-nesting.ts';

/** What a change of a group says; what it leaves out stays. */
export interface GroupChange {
  readonly name?: string | undefined;
  readonly metadata?: GroupRecord['metadata'] | undefined;
  readonly policies?: readonly string[] | undefined;
  readonly memberEntities?: readonly string[] | undefined;
  readonly memberGroups?: readonly string[] | undefined;
}

/** Makes a group. Without a name it gets one. @throws StrongroomError `invalid` when the name is in use, or for its members */
export async function createGroup(
  tx: Transaction,
  now: number,
  type: GroupRecord['type'],
  { name, ...change }: GroupChange,
): Promise<GroupRecord> {
  const id = randomUUID();
  const facts = { policies: change.policies ?? [], metadata: change.metadata ?? {} };
  const group: GroupRecord = {
    id,
    name: name ?? `group_${id.slice(0, 8)}`,
    type,
    ...facts,
    createdAt: now,
    updatedAt: now,
    roll: randomUUID(),
  };
  await refuseTaken(tx, group);
  putGroup(tx, undefined, group);
  openRoll(tx, group);
  await setAllMembers(tx, group, change);
  return group;
}

async function refuseTaken(tx: Transaction, { id, name }: GroupRecord): Promise<void> {
  const taken = await findGroupByName(tx, name);
  if (taken !== undefined && taken.id !== id) throw new StrongroomError('invalid', 'group name is already in use');
}

async function setAllMembers(tx: Transaction, group: GroupRecord, { memberEntities, memberGroups }: GroupChange): Promise<void> {
  if (group.type === 'external' && (memberEntities ?? memberGroups) !== undefined)
    throw new StrongroomError('invalid', 'fields member_entity_ids, member_group_ids: the members of an external group are as logins say');
  if (memberEntities !== undefined) await setMembers(tx, group, memberEntities);
  if (memberGroups !== undefined) await setMemberGroups(tx, group.id, memberGroups);
}

/** Changes a group; one that stays as it is isn't written. @throws StrongroomError `invalid` as for a new one */
export async function changeGroup(tx: Transaction, now: number, before: GroupRecord, change: GroupChange): Promise<GroupRecord> {
  const { name = before.name, metadata = before.metadata, policies = before.policies } = change;
  const group: GroupRecord = { ...before, name, metadata, policies };
  if (group.name !== before.name) await refuseTaken(tx, group);
  await setAllMembers(tx, group, change);
  if (JSON.stringify(group) === JSON.stringify(before)) return before;
  const changed = { ...group, updatedAt: now };
  putGroup(tx, before, changed);
  return changed;
}

/** Deletes a group; from then on its policies are nobody's. */
export async function deleteGroup(tx: Transaction, group: GroupRecord): Promise<void> {
  removeGroup(tx, group);
  voidRoll(tx, group);
  await unnest(tx, group.id);
}

/**
 * Gives an external group its alias, or another one, or none. Who was a member by the former alias is none any more.
 * @throws StrongroomError `invalid` when the name at the mount is another group's, or the group is an internal one
 */
export async function setGroupAlias(
  tx: Transaction,
  now: number,
  group: GroupRecord,
  wish: (Pick<GroupAlias, 'name' | 'accessor'> & { readonly id?: string }) | undefined,
): Promise<GroupAlias | undefined> {
  if (group.type !== 'external') throw new StrongroomError('invalid', 'an internal group has no alias');
  const { alias: before, ...rest } = group;
  if (wish !== undefined && before?.name === wish.name && before.accessor === wish.accessor) return before;
  if (wish !== undefined) {
    const taken = await findGroupByAliasAt(tx, wish.accessor, wish.name);
    if (taken !== undefined && taken.id !== group.id)
      throw new StrongroomError('invalid', 'another group has an alias of this name and mount accessor');
  }
  const alias =
    wish === undefined
      ? undefined
      : { name: wish.name, accessor: wish.accessor, id: before?.id ?? randomUUID(), createdAt: before?.createdAt ?? now, updatedAt: now };
  const changed: GroupRecord = { ...rest, ...(alias === undefined ? {} : { alias }), roll: randomUUID(), updatedAt: now };
  voidRoll(tx, group);
  putGroup(tx, group, changed);
  openRoll(tx, changed);
  return alias;
}
