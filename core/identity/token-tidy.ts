/**
 * Walks over all that is stored of service tokens and repairs what leads to them: places that are missing, or that lead nowhere. Children
 * of a token that is gone are handed to the sweep. In the normal course it finds nothing, because every change is one commit.
 */
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { empty, idKey, parseRecord, placesOf, tokenDirectories } from './token-entries.ts';

const batch = 100;

/** What a walk has found and repaired. */
export interface TidyReport {
  readonly tokens: number;
  readonly placesAdded: number;
  readonly placesRemoved: number;
  /** Tokens that are gone and whose children were left. */
  readonly treesLeft: number;
}

type Found = { -readonly [Name in keyof TidyReport]: number };

/** Walks. @param stopped asked between transactions: whether to end early */
export async function tidyTokens(vault: Vault, stopped: () => boolean): Promise<TidyReport> {
  const { id, accessor, child, expiry, login } = tokenDirectories;
  const total: Found = { tokens: 0, placesAdded: 0, placesRemoved: 0, treesLeft: 0 };
  const repair = async (work: (tx: Transaction, found: Found) => Promise<void>): Promise<void> => {
    const found = await inTransaction(vault, async (tx) => {
      const counts: Found = { tokens: 0, placesAdded: 0, placesRemoved: 0, treesLeft: 0 };
      await work(tx, counts);
      return counts;
    });
    for (const name of Object.keys(total) as (keyof Found)[]) total[name] += found[name];
  };
  for await (const hashes of pages(vault, id, stopped)) await repair((tx, found) => addPlaces(tx, hashes, found));
  for await (const names of pages(vault, accessor, stopped)) await repair((tx, found) => removeLoose(tx, accessor, names, found));
  for (const directory of [child, expiry, login])
    for await (const within of pages(vault, directory, stopped))
      for (const name of within) {
        if (directory === child) await repair((tx, found) => markLeft(tx, name.slice(0, -1), found));
        for await (const hashes of pages(vault, directory + name, stopped))
          await repair((tx, found) => removeLoose(tx, directory + name, hashes, found));
      }
  return total;
}

async function* pages(vault: Vault, directory: string, stopped: () => boolean): AsyncGenerator<readonly string[]> {
  for (let after = ''; !stopped();) {
    const names = await new Transaction(vault).list(directory, after, batch);
    if (names.length === 0) return;
    after = names.at(-1) ?? '';
    yield names;
  }
}

async function addPlaces(tx: Transaction, hashes: readonly string[], found: Found): Promise<void> {
  for (const hash of hashes) {
    const value = await tx.get(idKey(hash));
    if (value === undefined) continue;
    found.tokens++;
    for (const [key, expected] of placesOf(hash, parseRecord(value))) {
      const there = await tx.get(key);
      if (there !== undefined && Buffer.compare(there, expected) === 0) continue;
      tx.put(key, expected);
      found.placesAdded++;
    }
  }
}

/** Entries of a directory that no token has as a place of its own. */
async function removeLoose(tx: Transaction, directory: string, names: readonly string[], found: Found): Promise<void> {
  for (const name of names) {
    const key = directory + name;
    const entry = await tx.get(key);
    if (entry === undefined) continue;
    const hash = directory === tokenDirectories.accessor ? Buffer.from(entry).toString() : name;
    const value = await tx.get(idKey(hash));
    if (value !== undefined && placesOf(hash, parseRecord(value)).some(([place]) => place === key)) continue;
    tx.delete(key);
    found.placesRemoved++;
  }
}

async function markLeft(tx: Transaction, parent: string, found: Found): Promise<void> {
  const { sweep, released } = tokenDirectories;
  for (const key of [idKey(parent), sweep + parent, released + parent]) if (await tx.has(key)) return;
  tx.put(sweep + parent, empty);
  found.treesLeft++;
}
