/** Station 4: who is calling, as a value. Here the transaction opens. */
import { upon } from '@strongroom/sdk-plugin';
import { Transaction } from '../barrier/transaction.ts';
import type { Identity } from '../identity/identities.ts';
import type { StoredToken, TokenRecord } from '../identity/token.ts';
import type { Acl } from '../policy/acl.ts';
import { addressTest } from './address-blocks.ts';
import type { Head } from './head.ts';
import type { Unsealed } from './host.ts';
import { rightsOf } from './rights.ts';

/** Who is calling. `invalid`: a token was sent, and it is worth nothing; why is for the operator alone. */
export type Caller =
  | { readonly kind: 'token'; readonly token: StoredToken; readonly acl: Acl; readonly identity: Identity | undefined }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** What station 4 adds. */
export interface Identified {
  readonly tx: Transaction;
  readonly caller: Caller;
}

const addressTests = new WeakMap<TokenRecord, (address: string) => boolean>();

/** Whether an address may use the token. */
export function inBoundCidrs(record: TokenRecord, address: string): boolean {
  if (record.boundCidrs.length === 0) return true;
  let isBound = addressTests.get(record);
  if (isBound === undefined) addressTests.set(record, (isBound = addressTest(record.boundCidrs)));
  return isBound(address);
}

/**
 * Opens the transaction and looks the token up. Answers at once when all is kept.
 * @param spent hash of the token whose last use this very request has taken
 */
export function identify(unsealed: Unsealed, head: Head, spent: string | undefined): Identified | Promise<Identified> {
  const tx = new Transaction(unsealed);
  if (head.token === undefined) return { tx, caller: { kind: 'anonymous' } };
  const { tokens } = unsealed;
  const found = spent === undefined ? tokens.find(tx, head.token) : tokens.findSpent(tx, spent);
  return upon(found, (token) => {
    if (token === undefined || !inBoundCidrs(token.record, head.incoming.remoteAddress))
      return { tx, caller: { kind: 'invalid', reason: 'the token is not valid' } };
    return upon(rightsOf(unsealed, tx, token), (rights): Identified => {
      if (rights === undefined) return { tx, caller: { kind: 'invalid', reason: 'the entity of the token is gone or disabled' } };
      return { tx, caller: { kind: 'token', token, acl: rights.acl, identity: rights.identity } };
    });
  });
}
