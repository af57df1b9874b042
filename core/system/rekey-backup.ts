/** The sealed shares of a rekey, kept on request: for a holder who lost the answer, not the key. */
import type { ShareSet } from '../barrier/boot-file.ts';
import { inTransaction } from '../barrier/in-transaction.ts';
import type { Transaction, Vault } from '../barrier/transaction.ts';

const directory = 'core/rekey-backup/';

/** What is kept. `keys`: shares in hexadecimal, by the fingerprint of the holder's key. */
export interface RekeyBackup {
  readonly nonce: string;
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

/** A backup belongs to the shares that it holds: one of a rekey that came to nothing is not shown. */
function keyOf({ keyCommitment }: ShareSet): string {
  return directory + Buffer.from(keyCommitment, 'base64').toString('hex');
}

/** Keeps the shares of a set before it is handed out. */
export async function keepBackup(
  vault: Vault,
  backup: { readonly nonce: string; readonly set: ShareSet; readonly holders: readonly string[]; readonly handed: readonly Buffer[] },
): Promise<void> {
  const keys = Object.fromEntries(backup.holders.map((holder, index) => [holder, [backup.handed[index]!.toString('hex')]]));
  const kept: RekeyBackup = { nonce: backup.nonce, keys };
  await inTransaction(vault, async (tx) => tx.put(keyOf(backup.set), Buffer.from(JSON.stringify(kept))));
}

/** The backup of the shares in force; undefined when there is none. */
export async function readBackup(tx: Transaction, set: ShareSet): Promise<RekeyBackup | undefined> {
  const stored = await tx.get(keyOf(set));
  // Written above.
  return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored).toString()) as RekeyBackup);
}

/** Removes all of them. */
export async function deleteBackups(tx: Transaction): Promise<void> {
  for (const name of await tx.list(directory)) tx.delete(directory + name);
}
