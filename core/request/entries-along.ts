/** What travels with a call: the entries that its operation is sure to read, and those that they name. */
import { fillTemplate, followedKey, followLimits, type PathParams } from '@strongroom/sdk-plugin/hosting';
import type { OperationOutline, PrefetchedEntry } from '@strongroom/sdk-plugin/serving';
import type { RoomWorld } from '../runner/thread-room.ts';

/** Reads what travels with a call of the operation. @param world the mount's part of the transaction @throws what `world` throws for a key of `reads` */
export async function entriesAlong(
  world: Required<Pick<RoomWorld, 'get'>>,
  { reads, follows = [] }: Pick<OperationOutline, 'reads' | 'follows'>,
  params: PathParams,
): Promise<readonly PrefetchedEntry[]> {
  const entries: PrefetchedEntry[] = [];
  for (const template of reads) {
    const got = world.get(fillTemplate(template, params));
    entries.push(got instanceof Promise ? await got : got);
  }
  for (const follow of follows) {
    const key = followedKey(follow, params, entries[reads.indexOf(follow.from)]?.value);
    if (key === undefined) continue;
    const entry = await world.get(key);
    if ((entry.value?.length ?? 0) <= followLimits.valueBytesMax) entries.push(entry);
  }
  return entries;
}
