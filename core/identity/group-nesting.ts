/** Groups as members of groups: never in a circle, and never deeper than `groupDepthMax`. */
import type { Reader } from '../barrier/noted-reads.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { groupDepthMax, memberGroupsMax, parentGroupsMax } from './group.ts';
import { groupDirectories, readGroup } from './group-entries.ts';
import { empty } from './token-entries.ts';

type Direction = 'children' | 'parents';

/** Ids of the groups right below or right above one. */
export function neighbours(tx: Reader, direction: Direction, id: string): Promise<readonly string[]> {
  return tx.list(`${groupDirectories[direction]}${id}/`);
}

/** How many groups the longest line from one on has, itself included. @param seen by id; each group is looked at once */
async function height(tx: Reader, direction: Direction, id: string, seen: Map<string, number>): Promise<number> {
  const known = seen.get(id);
  if (known !== undefined) return known;
  let most = 0;
  for (const next of await neighbours(tx, direction, id)) most = Math.max(most, await height(tx, direction, next, seen));
  seen.set(id, most + 1);
  return most + 1;
}

/** Makes exactly these groups members of a group. @throws StrongroomError `invalid` for one that is not there, a circle, or past a bound */
export async function setMemberGroups(tx: Transaction, id: string, memberIds: readonly string[]): Promise<void> {
  const wanted = new Set(memberIds);
  if (wanted.size > memberGroupsMax) throw new StrongroomError('invalid', `field member_group_ids: at most ${memberGroupsMax} entries`);
  const held = new Set(await neighbours(tx, 'children', id));
  for (const child of held) if (!wanted.has(child)) part(tx, id, child);
  const added = [...wanted].filter((child) => !held.has(child));
  if (added.length === 0) return;
  const above = await height(tx, 'parents', id, new Map());
  const below = new Map<string, number>();
  for (const child of added) {
    if ((await readGroup(tx, child)) === undefined) throw new StrongroomError('invalid', 'field member_group_ids: no group has this id');
    const depth = above + (await height(tx, 'children', child, below));
    // What was looked at is all that is below the members: none of it may be the group itself.
    if (below.has(id)) throw new StrongroomError('invalid', 'field member_group_ids: would make a circle of groups');
    if (depth > groupDepthMax)
      throw new StrongroomError('invalid', `field member_group_ids: groups can be nested at most ${groupDepthMax} deep`);
    if ((await neighbours(tx, 'parents', child)).length >= parentGroupsMax)
      throw new StrongroomError('invalid', `field member_group_ids: a group can be a direct member of at most ${parentGroupsMax} groups`);
    tx.put(`${groupDirectories.children}${id}/${child}`, empty);
    tx.put(`${groupDirectories.parents}${child}/${id}`, empty);
  }
}

function part(tx: Transaction, parent: string, child: string): void {
  tx.delete(`${groupDirectories.children}${parent}/${child}`);
  tx.delete(`${groupDirectories.parents}${child}/${parent}`);
}

/** Takes a group out of all groups, and all groups out of it. */
export async function unnest(tx: Transaction, id: string): Promise<void> {
  for (const child of await neighbours(tx, 'children', id)) part(tx, id, child);
  for (const parent of await neighbours(tx, 'parents', id)) part(tx, parent, id);
}
