/** What something is made of: a reader that notes what it reads, so that what was made can be kept until anything of it moves. */
import type { Revision, Slot } from '../storage/types.ts';
import type { ReadSet, Transaction } from './transaction.ts';

/** What finds entries: a transaction, or something that notes what was read. */
export type Reader = Pick<Transaction, 'derived' | 'list'>;

/** Reads by a transaction, which depends on it as well. */
export class NotedReads implements Reader {
  readonly #tx: Transaction;
  readonly #slots: Slot[] = [];
  readonly #movedAt: Revision[] = [];

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  #note(keyOrDirectory: string): void {
    const { slot, movedAt } = this.#tx.depend(keyOrDirectory);
    this.#slots.push(slot);
    this.#movedAt.push(movedAt);
  }

  derived: Reader['derived'] = (key, parse) => {
    this.#note(key);
    return this.#tx.derived(key, parse);
  };

  list: Reader['list'] = (directory, after, limit) => {
    this.#note(directory);
    return this.#tx.list(directory, after, limit);
  };

  /** What was read so far. @throws Conflict when it is of more than one moment */
  checked(): ReadSet {
    this.#tx.check();
    return { slots: this.#slots, movedAt: this.#movedAt };
  }
}
