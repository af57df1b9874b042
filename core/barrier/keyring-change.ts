/** Changes of the keyring: each is a commit like any other, and two at once conflict because both write the same marker. */
import { type Commit, type CommitOptions, Conflict } from '../storage/types.ts';
import type { Barrier } from './barrier.ts';
import type { Keyring } from './keyring.ts';
import { Transaction, type Vault } from './transaction.ts';

const triesMax = 50;

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
  return {
    commit: (options) => {
      // Sealed only now: nothing that is sequenced after a change of the root key may lie under the one before.
      const record = barrier.record(after);
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

/** Changes the keyring outside of any request, again when others came between, and waits until that is durable. @throws Conflict after 50 tries */
export async function inKeyringChange(vault: Vault, change: (ring: Keyring) => Keyring): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await changeKeyring(new Transaction(vault), vault.barrier, change).commit().durable;
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= triesMax) throw error;
    }
  }
}
