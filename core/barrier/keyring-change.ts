/** Changes of the keyring: each is a commit like any other, and two at once conflict because both write the same marker. */
import type { Barrier } from './barrier.ts';
import type { Keyring } from './keyring.ts';
import type { Transaction } from './transaction.ts';

/** Marks the generation of the keyring in the store. */
export const keyringKey = 'core/keyring';

/** A keyring on its way: in force from just before its commit is sequenced, taken back when that commit fails. */
export interface KeyringChange {
  readonly record: Uint8Array;
  readonly adopt: () => void;
  readonly revert: () => void;
}

/** Prepares a change inside a transaction. The caller commits the transaction together with the record. */
export function changeKeyring(tx: Transaction, barrier: Barrier, change: (ring: Keyring) => Keyring): KeyringChange {
  tx.depend(keyringKey);
  tx.put(keyringKey, new Uint8Array(0));
  const before = barrier.ring;
  const after = change(before);
  return { record: barrier.record(after), adopt: () => barrier.adopt(after), revert: () => barrier.adopt(before) };
}
