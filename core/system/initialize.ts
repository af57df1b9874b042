/**
 * Initialization, crash-safe: the store is complete before the boot file names it, and until the answer has been sent (or its
 * keys were used) a restarted server can be initialized again.
 */
import { randomUUID } from 'node:crypto';
import { Barrier } from '../barrier/barrier.ts';
import type { BootFile } from '../barrier/boot-file.ts';
import { DerivedCache } from '../barrier/derived-cache.ts';
import { Keyring } from '../barrier/keyring.ts';
import { freshKey, guardRoot } from '../barrier/root-key.ts';
import { KeySeal, type Seal } from '../barrier/seal.ts';
import { Transaction } from '../barrier/transaction.ts';
import type { Clock } from '../identity/clock.ts';
import { writeInitialState } from './initial-state.ts';
import { makeShares, type ShareWish } from './new-shares.ts';
import type { StoreDirectory } from './store-directory.ts';

/** What initialization hands out, once. */
export interface Initialized {
  /** Shares, or the one key when there is one holder. */
  readonly shares: readonly Buffer[];
  readonly rootToken: string;
}

/** The id under which Shamir's seal stands in the boot file. */
export const shamirId = 'shamir';

/**
 * Creates the store and the boot file.
 * @param seals automatic seals; empty for Shamir, which then needs `wish`
 */
export async function initialize(
  directory: StoreDirectory,
  seals: readonly Seal[],
  wish: ShareWish,
  clusterName: string,
  clock: Clock,
): Promise<Initialized> {
  const clusterId = randomUUID();
  const rootKey = freshKey();
  const manual = seals.length === 0 ? makeShares(wish) : undefined;
  const used = manual === undefined ? seals : [new KeySeal('shamir', shamirId, manual.key)];
  const boot: BootFile = {
    format: 1,
    clusterId,
    clusterName,
    store: `store-${clusterId}`,
    ...(await guardRoot(rootKey, clusterId, used, manual?.set)),
    confirmed: false,
  };
  manual?.key.fill(0);
  const rootToken = await writeStore(directory, boot, rootKey, clock);
  const unanswered = directory.boot();
  directory.writeBoot(boot);
  if (unanswered !== undefined) directory.discard(unanswered.store);
  return { shares: manual?.handed ?? [], rootToken };
}

async function writeStore(directory: StoreDirectory, boot: BootFile, rootKey: Buffer, clock: Clock): Promise<string> {
  const barrier = new Barrier(rootKey, boot.clusterId, Keyring.create(clock.now()));
  const storage = await directory.open(boot.store, barrier, { keyring: barrier.record(barrier.ring) });
  const tx = new Transaction({ storage, barrier, derived: new DerivedCache(1) });
  const rootToken = await writeInitialState(tx, clock, barrier);
  await tx.commit().durable;
  await storage.close();
  barrier.wipe();
  return rootToken;
}
