/** Revocation of tokens by the path that made them. */
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { idKey, parseRecord, tokenDirectories } from './token-entries.ts';
import type { TokenStore } from './token-store.ts';

const batch = 100;

/**
 * Revokes the tokens that were made at or below a path, and all below them; not those that never expire. It looks at every token, a page
 * at a time, and each page is a commit of its own.
 * @param prefix with its slash: `auth/userpass/`
 */
export async function revokeTokensUnder(vault: Vault, tokens: TokenStore, prefix: string): Promise<void> {
  for (let after = ''; ;) {
    const page = new Transaction(vault);
    const hashes = await page.list(tokenDirectories.id, after, batch);
    const found: string[] = [];
    for (const hash of hashes) {
      const value = await page.get(idKey(hash));
      if (value === undefined) continue;
      const { path, expiresAt } = parseRecord(value);
      if (expiresAt !== undefined && `${path}/`.startsWith(prefix)) found.push(hash);
    }
    if (found.length > 0)
      await inTransaction(
        vault,
        async (tx) => {
          for (const hash of found) await tokens.revoke(tx, hash);
        },
        { urgent: true },
      );
    if (hashes.length < batch) return;
    after = hashes.at(-1)!;
  }
}
