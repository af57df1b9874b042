/** What an answer's `auth` says of a token. */
import { type TokenRecord, tokenType } from '../identity/token.ts';
import type { AuthBlock } from './host-route.ts';

/** @param token its text; '' where the caller did not bring it  @param leaseDuration seconds */
export function authBlock(token: string, record: TokenRecord, leaseDuration: number): AuthBlock {
  return {
    clientToken: token,
    tokenType: tokenType(record),
    accessor: record.accessor,
    displayName: record.displayName,
    policies: record.policies,
    metadata: record.meta,
    leaseDuration,
    renewable: record.renewable,
    orphan: record.orphan,
    numUses: Math.max(0, record.usesLeft),
  };
}
