/** What an answer's `auth` says of a token. */
import type { Transaction } from '../barrier/transaction.ts';
import { type TokenRecord, tokenType } from '../identity/token.ts';
import type { AuthBlock } from './host-route.ts';
import type { Unsealed } from './host.ts';
import { allPolicies } from './rights.ts';

/**
 * The policies of its identity are those of this moment.
 * @param token its text; '' where the caller did not bring it  @param leaseDuration seconds
 */
export async function authBlock(
  { identities }: Unsealed,
  tx: Transaction,
  token: string,
  record: TokenRecord,
  leaseDuration: number,
): Promise<AuthBlock> {
  const identity = record.entityId === undefined ? undefined : await identities.of(tx, record.entityId);
  return {
    clientToken: token,
    tokenType: tokenType(record),
    accessor: record.accessor,
    displayName: record.displayName,
    policies: allPolicies(record, identity),
    tokenPolicies: record.policies,
    identity: identity === undefined ? undefined : { entityId: identity.entity.id, policies: identity.policies },
    metadata: record.meta,
    leaseDuration,
    renewable: record.renewable,
    orphan: record.orphan,
    numUses: Math.max(0, record.usesLeft),
  };
}
