/**
 * What belongs to one token alone and ends with it, by the token's accessor, which, unlike its text, is never used again:
 *
 *     core/cubbyhole/<accessor>/own/<path>   what the token stored
 *     core/cubbyhole/<accessor>/wrapped      the answer that a wrapping token stands for
 *     core/cubbyhole-ended/<accessor>        (empty) the token is gone; what it had is still to be removed
 */
import type { Transaction } from '../barrier/transaction.ts';
import type { TokenRecord } from './token.ts';

const root = 'core/cubbyhole/';
const ended = 'core/cubbyhole-ended/';

type Owner = Pick<TokenRecord, 'accessor'>;

/** Directory of what a token stored. */
export function cubbyholeDirectory({ accessor }: Owner): string {
  return `${root}${accessor}/own/`;
}

/** Storage key of the answer that a wrapping token stands for. */
export function wrappedKey({ accessor }: Owner): string {
  return `${root}${accessor}/wrapped`;
}

/** Leaves what an ended token had to the sweep. */
export async function endCubbyhole(tx: Transaction, { accessor }: Owner): Promise<void> {
  if ((await tx.list(`${root}${accessor}/`, '', 1)).length > 0) tx.put(ended + accessor, new Uint8Array(0));
}

/** Removes up to `limit` entries of ended tokens. Answers how many it dealt with; 0 when nothing is left. */
export async function sweepCubbyholes(tx: Transaction, limit: number): Promise<number> {
  const [accessor] = await tx.list(ended, '', 1);
  if (accessor === undefined) return 0;
  let found = 0;
  const directories = [`${root}${accessor}/`];
  for (let directory = directories.pop(); directory !== undefined && found < limit; directory = directories.pop()) {
    for (const name of await tx.list(directory, '', limit - found)) {
      if (name.endsWith('/')) directories.push(directory + name);
      else {
        tx.delete(directory + name);
        found++;
      }
    }
  }
  if (found === 0) tx.delete(ended + accessor);
  return found + 1;
}
