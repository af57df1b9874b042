/**
 * Service tokens as leases of the path that made them, as Vault's clients know them: `auth/token/create/h<hash>`. Nothing is stored for it; what
 * goes by path looks at every token, a page at a time. A token that never expires is no lease.
 */
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { isExpired } from './lifetime.ts';
import { idKey, parseRecord, tokenDirectories } from './token-entries.ts';
import type { TokenStore } from './token-store.ts';
import type { StoredToken, TokenRecord } from './token.ts';

const pageSize = 100;
/** The last part of an id: an `h`, and the hash of the token in base64url. */
const named = /^(auth\/.+)\/h([\w-]{43})$/;

function leaseId(hash: string, { path }: TokenRecord): string {
  return `${path}/h${hash}`;
}

/** A valid token by its lease; undefined for anything else. */
export async function findByLease(tx: Transaction, tokens: TokenStore, id: string): Promise<StoredToken | undefined> {
  const [, path, hash] = named.exec(id) ?? [];
  const found = hash === undefined ? undefined : await tokens.findByHash(tx, hash);
  return found?.record.path === path && found?.record.expiresAt !== undefined ? found : undefined;
}

/** Hashes and leases of all tokens whose lease lies below a prefix (`auth/`, with its slash) or is it, a page at a time. */
async function* pagesUnder(vault: Vault, prefix: string, now: number): AsyncGenerator<ReadonlyMap<string, string>, void, undefined> {
  for (let after = ''; ;) {
    const tx = new Transaction(vault);
    const hashes = await tx.list(tokenDirectories.id, after, pageSize);
    const page = new Map<string, string>();
    for (const hash of hashes) {
      const value = await tx.get(idKey(hash));
      if (value === undefined) continue;
      const record = parseRecord(value);
      if (record.expiresAt === undefined || isExpired(record.expiresAt, now)) continue;
      const id = leaseId(hash, record);
      if (`${id}/`.startsWith(prefix)) page.set(hash, id);
    }
    yield page;
    if (hashes.length < pageSize) return;
    after = hashes.at(-1)!;
  }
}

/** The next part of the leases of tokens below a prefix ('' or with its slash), as a listing has them; in no order. */
export async function listTokenLeases(vault: Vault, prefix: string, now: number): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const page of pagesUnder(vault, prefix === '' ? 'auth/' : prefix, now)) {
    for (const id of page.values()) {
      const end = id.indexOf('/', prefix.length);
      names.add(id.slice(prefix.length, end < 0 ? undefined : end + 1));
    }
    // At the top there is nothing else to find.
    if (prefix === '' && names.size > 0) break;
  }
  return names;
}

/**
 * Revokes the tokens whose lease lies below a prefix or is it, and all below them. Each page is a commit of its own.
 * @param prefix with its slash: `auth/userpass/`
 */
export async function revokeTokensUnder(vault: Vault, tokens: TokenStore, prefix: string, now: number): Promise<void> {
  for await (const page of pagesUnder(vault, prefix, now)) {
    if (page.size === 0) continue;
    await inTransaction(
      vault,
      async (tx) => {
        for (const hash of page.keys()) await tokens.revoke(tx, hash);
      },
      { urgent: true },
    );
  }
}
