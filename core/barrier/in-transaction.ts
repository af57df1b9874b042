/** Transactions of the host's own work. */
import { Conflict, type CommitOptions } from '../storage/types.ts';
import { Transaction, type Vault } from './transaction.ts';

const triesMax = 50;

/** Runs a change in a transaction, again when others came between, and waits until it is durable. @throws Conflict after 50 tries; whatever the change throws */
export async function inTransaction<Result>(
  vault: Vault,
  change: (tx: Transaction) => Promise<Result>,
  options?: CommitOptions,
): Promise<Result> {
  for (let tries = 0; ; tries++) {
    const tx = new Transaction(vault);
    try {
      const result = await change(tx);
      if (tx.dirty) await tx.commit(options).durable;
      else tx.check();
      return result;
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= triesMax) throw error;
    }
  }
}
