/**
 * Entities as members of groups, all under `core/identity/`. A roll is the list of a group's members: one that no group has any more is void,
 * so that all memberships of a group end in one small commit, and the sweep removes them.
 *
 *   roll/<roll>                    id of the group that has it
 *   roll-members/<roll>/<entity>   (empty)
 *   entity-rolls/<entity>/<roll>   (empty) the same, from below
 *   roll-void/<roll>               (empty) its members are still to be removed
 */
import type { Reader } from '../barrier/noted-reads.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { entityGroupsMax } from './entity.ts';
import { parseId, readEntity } from './entity-entries.ts';
import { type GroupRecord, memberEntitiesMax } from './group.ts';
import { findGroupByAliasAt, readGroup } from './group-entries.ts';
import { empty } from './token-entries.ts';

const root = 'core/identity/';
const rollKey = (roll: string): string => `${root}roll/${roll}`;
const membersOf = (roll: string): string => `${root}roll-members/${roll}/`;
const rollsOf = (entityId: string): string => `${root}entity-rolls/${entityId}/`;
const voidDirectory = `${root}roll-void/`;

/** Gives a group a roll of its own. */
export function openRoll(tx: Transaction, { id, roll }: GroupRecord): void {
  tx.put(rollKey(roll), Buffer.from(id));
}

/** Ends all memberships of a roll, at once. */
export function voidRoll(tx: Transaction, { roll }: GroupRecord): void {
  tx.delete(rollKey(roll));
  tx.put(voidDirectory + roll, empty);
}

/** Groups that an entity is a direct member of. */
export async function directGroups(tx: Reader, entityId: string): Promise<readonly GroupRecord[]> {
  const groups: GroupRecord[] = [];
  for (const roll of await tx.list(rollsOf(entityId))) {
    const id = await tx.derived(rollKey(roll), parseId);
    const group = id === undefined ? undefined : await readGroup(tx, id);
    if (group !== undefined) groups.push(group);
  }
  return groups;
}

/** Ids of the entities that are direct members of a group. */
export function memberEntities(tx: Reader, { roll }: GroupRecord): Promise<readonly string[]> {
  return tx.list(membersOf(roll));
}

async function join(tx: Transaction, group: GroupRecord, entityId: string): Promise<void> {
  if (await mayJoin(tx, group, entityId)) putMember(tx, group, entityId);
}

/** Whether an entity is still to join. @throws StrongroomError `invalid` when it is in too many groups to do so */
async function mayJoin(tx: Transaction, { roll }: GroupRecord, entityId: string): Promise<boolean> {
  const held = await tx.list(rollsOf(entityId), '', entityGroupsMax + 1);
  if (held.includes(roll)) return false;
  if (held.length >= entityGroupsMax)
    throw new StrongroomError('invalid', `an entity can be a direct member of at most ${entityGroupsMax} groups`);
  return true;
}

function putMember(tx: Transaction, { roll }: GroupRecord, entityId: string): void {
  tx.put(rollsOf(entityId) + roll, empty);
  tx.put(membersOf(roll) + entityId, empty);
}

function leave(tx: Transaction, { roll }: Pick<GroupRecord, 'roll'>, entityId: string): void {
  tx.delete(rollsOf(entityId) + roll);
  tx.delete(membersOf(roll) + entityId);
}

/** Makes exactly these entities the members of a group. @throws StrongroomError `invalid` for one that is not there, or past a bound */
export async function setMembers(tx: Transaction, group: GroupRecord, entityIds: readonly string[]): Promise<void> {
  const wanted = new Set(entityIds);
  if (wanted.size > memberEntitiesMax)
    throw new StrongroomError('invalid', `field member_entity_ids: at most ${memberEntitiesMax} entries`);
  const held = new Set(await memberEntities(tx, group));
  const joining = [...wanted].filter((id) => !held.has(id));
  // All is read before anything is written: a listing goes through what the transaction has written.
  for (const id of joining) {
    if ((await readEntity(tx, id)) === undefined) throw new StrongroomError('invalid', 'field member_entity_ids: no entity has this id');
    await mayJoin(tx, group, id);
  }
  for (const id of held) if (!wanted.has(id)) leave(tx, group, id);
  for (const id of joining) putMember(tx, group, id);
}

/** Makes an entity a member of exactly those external groups of a mount that a login names. Groups that nobody has made are left out. */
export async function followLogin(tx: Transaction, entityId: string, accessor: string, names: readonly string[]): Promise<void> {
  const wanted = new Map<string, GroupRecord>();
  for (const name of names) {
    const group = await findGroupByAliasAt(tx, accessor, name);
    if (group !== undefined) wanted.set(group.id, group);
  }
  for (const group of await directGroups(tx, entityId))
    if (group.alias?.accessor === accessor && !wanted.delete(group.id)) leave(tx, group, entityId);
  for (const group of wanted.values()) await join(tx, group, entityId);
}

/** Ends an entity's memberships. */
export async function leaveAllGroups(tx: Transaction, entityId: string): Promise<void> {
  for (const roll of await tx.list(rollsOf(entityId))) leave(tx, { roll }, entityId);
}

/** Gives an entity's memberships to another. */
export async function moveMemberships(tx: Transaction, from: string, to: string): Promise<void> {
  for (const group of await directGroups(tx, from)) await join(tx, group, to);
  await leaveAllGroups(tx, from);
}

/** Removes up to `limit` members of void rolls. Answers how many entries it dealt with; 0 when nothing is left. */
export async function sweepRolls(tx: Transaction, limit: number): Promise<number> {
  const [roll] = await tx.list(voidDirectory, '', 1);
  if (roll === undefined) return 0;
  const members = await tx.list(membersOf(roll), '', limit);
  for (const id of members) leave(tx, { roll }, id);
  if (members.length < limit) tx.delete(voidDirectory + roll);
  return members.length + 1;
}
