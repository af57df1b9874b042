/** Changes of the keyring: each is a commit like any other, and two at once conflict because both write the same marker. */
import type { Commit, CommitOptions } from '../storage/types.ts';
import type { Barrier } from './barrier.ts';
import type { Keyring } from './keyring.ts';
import type { Transaction } from './transaction.ts';

/** Marks the generation of the keyring in the store. */
export const keyringKey = 'core/keyring';

/** A keyring on its way into force. */
export interface KeyringChange {
  /**
   * Sequences the transaction's writes together with the keyring's record. The keyring is in force from just before that, since the
   * writes may lie under its keys, and taken back when the commit fails, now or later.
   * @throws Conflict when another change came first
   */
  commit(options?: Omit<CommitOptions, 'keyring'>): Commit;
}

/** Prepares a change inside a transaction, which is then committed through it. */
export function changeKeyring(tx: Transaction, barrier: Barrier, change: (ring: Keyring) => Keyring): KeyringChange {
  tx.depend(keyringKey);
  tx.put(keyringKey, new Uint8Array(0));
  const after = change(barrier.ring);
  const record = barrier.record(after);
  return {
    commit: (options) => {
      barrier.adopt(after);
      try {
        const commit = tx.commit({ ...options, keyring: record });
        commit.durable.then(
          () => barrier.keep(after),
          () => barrier.retract(after),
        );
        return commit;
      } catch (error) {
        barrier.retract(after);
        throw error;
      }
    },
  };
}
