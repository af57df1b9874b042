/** Counts leases by the paths that issued them. */
import type { Storage } from '../storage/types.ts';

/**
 * How many leases there are, those included that are not active yet or not ended yet.
 * @param path of the requests that issued them; with a trailing slash or `*`, of all that begin so; '' for all
 * @param limit what is not counted beyond
 */
export async function countLeases(storage: Storage, path: string, limit: number): Promise<number> {
  const open = path === '' || path.endsWith('/') || path.endsWith('*');
  const text = path.endsWith('*') ? path.slice(0, -1) : open ? path : `${path}/`;
  const cut = text.lastIndexOf('/') + 1;
  return countBelow(storage, `lease/id/${text.slice(0, cut)}`, text.slice(cut), limit);
}

/** @param begin what names in the directory must begin with */
async function countBelow(storage: Storage, directory: string, begin: string, limit: number): Promise<number> {
  let count = 0;
  const pageMax = 1000;
  for (let after = ''; count < limit;) {
    const { names } = await storage.list(directory, after, pageMax);
    for (const name of names) {
      if (count >= limit) break;
      if (!name.startsWith(begin)) continue;
      count += name.endsWith('/') ? await countBelow(storage, directory + name, '', limit - count) : 1;
    }
    if (names.length < pageMax) break;
    after = names.at(-1) ?? '';
  }
  return count;
}
