/** What travels with a call: the entries that its operation is sure to read, and those that they name. */
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
  const keyAt = (at: number): string | undefined => {
    const template = reads[at];
    if (template !== undefined) return fillTemplate(template, params);
    const follow = follows[at - reads.length]!;
    return followedKey(follow, params, entries[reads.indexOf(follow.from)]?.value);
  };
  const keep = (at: number, entry: PrefetchedEntry): void => {
    if (at < reads.length || (entry.value?.length ?? 0) <= followLimits.valueBytesMax) entries.push(entry);
  };
  const goOn = (from: number): readonly PrefetchedEntry[] | Promise<readonly PrefetchedEntry[]> => {
    for (let at = from; at < reads.length + follows.length; at += 1) {
      const key = keyAt(at);
      if (key === undefined) continue;
      const got = world.get(key);
      if (got instanceof Promise) return got.then((entry) => (keep(at, entry), goOn(at + 1)));
      keep(at, got);
    }
    return entries;
  };
  return goOn(0);
}
