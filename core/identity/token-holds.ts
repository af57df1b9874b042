/**
 * What ends with a token: whoever issues something to one notes it here.
 *
 *     core/holds/of/<token hash>/<name>   what ends, as its keeper calls it
 *     core/holds/ended/<token hash>       (empty) the token is gone; what it held is still to be ended
 */
import type { Transaction } from '../barrier/transaction.ts';

const root = 'core/holds/';

function directoryOf(hash: string): string {
  return `${root}of/${hash}/`;
}

/** Notes that something ends with a token. @param name of the entry, unique below the token */
export function hold(tx: Transaction, hash: string, name: string, what: string): void {
  tx.put(directoryOf(hash) + name, Buffer.from(what));
}

/** Forgets it: it has ended by itself. */
export function letGo(tx: Transaction, hash: string, name: string): void {
  tx.delete(directoryOf(hash) + name);
}

/** Leaves what an ended token held to the sweep. */
export async function endHolds(tx: Transaction, hash: string): Promise<void> {
  if ((await tx.list(directoryOf(hash), '', 1)).length > 0) tx.put(`${root}ended/${hash}`, new Uint8Array(0));
}

/** Ends up to `limit` of what ended tokens held. @returns how many entries it dealt with; 0 when nothing is left */
export async function sweepHolds(tx: Transaction, limit: number, end: (tx: Transaction, what: string) => Promise<void>): Promise<number> {
  const [hash] = await tx.list(`${root}ended/`, '', 1);
  if (hash === undefined) return 0;
  const names = await tx.list(directoryOf(hash), '', limit);
  for (const name of names) {
    const what = await tx.get(directoryOf(hash) + name);
    if (what !== undefined) await end(tx, Buffer.from(what).toString());
    tx.delete(directoryOf(hash) + name);
  }
  if (names.length < limit) tx.delete(`${root}ended/${hash}`);
  return names.length + 1;
}
