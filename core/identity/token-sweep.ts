/**
 * Removes, in the background and in bounded transactions, what has no validity any more. Each function answers how many entries it dealt
 * with; 0 when nothing is left. Directories are listed outside of the transactions: others write to them all the time, and a
 * transaction that depended on them would begin again and again.
 */
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { isExpired } from './lifetime.ts';
import { childDirectory, empty, idKey, parseRecord, putRecord, removeToken, tokenDirectories } from './token-entries.ts';
import { orphaned } from './token-store.ts';

/**
 * Most tokens that one transaction removes. It holds other requests up for some milliseconds, and those that read from a slot that it has moved
 * wait until it is durable: with this many, fewer than one in a hundred.
 */
export const tokenBatch = 50;

interface Entry {
  /** The directory it was found in. */
  readonly directory: string;
  readonly hash: string;
}

function list(vault: Vault, directory: string, limit: number): Promise<readonly string[]> {
  return new Transaction(vault).list(directory, '', limit);
}

/** Removes tokens with the entries that led to them, and leaves a mark for those with tokens below them. */
function drop(vault: Vault, entries: readonly Entry[], settle: (tx: Transaction) => void = () => {}): Promise<void> {
  return inTransaction(
    vault,
    async (tx) => {
      for (const { directory, hash } of entries) {
        const record = await tx.derived(idKey(hash), parseRecord);
        if (record !== undefined) {
          await removeToken(tx, hash, record);
          tx.depend(childDirectory(hash));
          if ((await list(vault, childDirectory(hash), 1)).length > 0) tx.put(tokenDirectories.sweep + hash, empty);
        }
        tx.delete(directory + hash);
      }
      settle(tx);
    },
    { urgent: true },
  );
}

/** Names below marked tokens, and the marks that are done with them. */
async function belowMarks(
  vault: Vault,
  marks: string,
): Promise<{ readonly found: readonly (Entry & { readonly parent: string })[]; readonly done: readonly string[] }> {
  const found: (Entry & { parent: string })[] = [];
  const done: string[] = [];
  for (const parent of await list(vault, marks, tokenBatch)) {
    const room = tokenBatch - found.length;
    const directory = childDirectory(parent);
    const hashes = await list(vault, directory, room);
    found.push(...hashes.map((hash) => ({ directory, hash, parent })));
    if (hashes.length === room) break;
    // No child can be added to a token that is not valid: these are all.
    done.push(parent);
  }
  return { found, done };
}

/** Tokens below revoked ones. */
export async function sweepRevoked(vault: Vault): Promise<number> {
  const { found, done } = await belowMarks(vault, tokenDirectories.sweep);
  if (found.length + done.length === 0) return 0;
  await drop(vault, found, (tx) => {
    for (const parent of done) tx.delete(tokenDirectories.sweep + parent);
  });
  return found.length + done.length;
}

/** Children of tokens that were revoked without them: from then on their records say that they are orphans. */
export async function sweepReleased(vault: Vault): Promise<number> {
  const { found, done } = await belowMarks(vault, tokenDirectories.released);
  if (found.length + done.length === 0) return 0;
  await inTransaction(
    vault,
    async (tx) => {
      for (const { directory, hash, parent } of found) {
        const record = await tx.derived(idKey(hash), parseRecord);
        if (record?.parent === parent) putRecord(tx, hash, orphaned(record));
        tx.delete(directory + hash);
      }
      for (const parent of done) tx.delete(tokenDirectories.released + parent);
    },
    { urgent: true },
  );
  return found.length + done.length;
}

/** Expired tokens. */
export async function sweepExpired(vault: Vault, now: number): Promise<number> {
  const { expiry } = tokenDirectories;
  const found: Entry[] = [];
  for (const moment of await list(vault, expiry, tokenBatch)) {
    if (!isExpired(Number(moment.slice(0, -1)), now) || found.length >= tokenBatch) break;
    const directory = expiry + moment;
    for (const hash of await list(vault, directory, tokenBatch - found.length)) found.push({ directory, hash });
  }
  if (found.length > 0) await drop(vault, found);
  return found.length;
}

/** Tokens of disabled auth mounts. */
export async function sweepClosed(vault: Vault): Promise<number> {
  const { closed, login } = tokenDirectories;
  const [mountId] = await list(vault, closed, 1);
  if (mountId === undefined) return 0;
  const directory = `${login}${mountId}/`;
  const hashes = await list(vault, directory, tokenBatch);
  await drop(
    vault,
    hashes.map((hash) => ({ directory, hash })),
    (tx) => {
      if (hashes.length < tokenBatch) tx.delete(closed + mountId);
    },
  );
  return hashes.length + 1;
}
