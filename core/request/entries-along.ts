/** What travels with a call: the entries that its operation is sure to read, and those that they name. */
import { upon } from '@strongroom/sdk-plugin';
import { fillTemplate, followedKey, followLimits, type PathParams } from '@strongroom/sdk-plugin/hosting';
import type { OperationOutline, PrefetchedEntry } from '@strongroom/sdk-plugin/serving';
import type { RoomWorld } from '../runner/thread-room.ts';

/**
 * Reads what travels with a call of the operation. Answers at once when all is kept.
 * @param world the mount's part of the transaction @throws what `world` throws for a key of `reads`
 */
export function entriesAlong(
  world: Required<Pick<RoomWorld, 'get'>>,
  { reads, follows = [] }: Pick<OperationOutline, 'reads' | 'follows'>,
  params: PathParams,
): readonly PrefetchedEntry[] | Promise<readonly PrefetchedEntry[]> {
  const entries: PrefetchedEntry[] = [];
  const goOn = (at: number): readonly PrefetchedEntry[] | Promise<readonly PrefetchedEntry[]> => {
    if (at === reads.length + follows.length) return entries;
    const follow = follows[at - reads.length];
    const key =
      follow === undefined ? fillTemplate(reads[at]!, params) : followedKey(follow, params, entries[reads.indexOf(follow.from)]?.value);
    if (key === undefined) return goOn(at + 1);
    return upon(world.get(key), (entry) => {
      if (follow === undefined || (entry.value?.length ?? 0) <= followLimits.valueBytesMax) entries.push(entry);
      return goOn(at + 1);
    });
  };
  return goOn(0);
}
