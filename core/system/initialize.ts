/**
 * Initialization, crash-safe: the store is complete before the boot file names it, and until the answer has been sent (or its
 * keys were used) a restarted server can be initialized again.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { Barrier } from '../barrier/barrier.ts';
import type { BootFile, WrappedRootKey } from '../barrier/boot-file.ts';
import { DerivedCache } from '../barrier/derived-cache.ts';
import { Keyring } from '../barrier/keyring.ts';
import { KeySeal, type Seal } from '../barrier/seal.ts';
import { Transaction } from '../barrier/transaction.ts';
import { commitment } from '../crypto/commitment.ts';
import { split } from '../crypto/shamir.ts';
import { StrongroomError } from '../errors.ts';
import type { Clock } from '../identity/clock.ts';
import { writeInitialState } from './initial-state.ts';
import type { StoreDirectory } from './store-directory.ts';

/** Most holders that an unseal key is split among. */
export const sharesMax = 16;

/** Whether an unseal key is wanted, and for how many holders. */
export interface ShareWish {
  readonly shares: number;
  readonly threshold: number;
}

/** What initialization hands out, once. */
export interface Initialized {
  /** Shares, or the one key when there is one holder. */
  readonly shares: readonly Buffer[];
  readonly rootToken: string;
}

/** The id under which Shamir's seal stands in the boot file. */
export const shamirId = 'shamir';

/** Refuses what Vault refuses. @throws StrongroomError `invalid` */
export function checkShares({ shares, threshold }: ShareWish): void {
  if (shares < 1 || shares > sharesMax) throw new StrongroomError('invalid', `field secret_shares: must be from 1 to ${sharesMax}`);
  if (threshold < 1 || threshold > shares) throw new StrongroomError('invalid', 'field secret_threshold: must be from 1 to secret_shares');
  if (shares > 1 && threshold === 1)
    throw new StrongroomError('invalid', 'field secret_threshold: must be greater than one for multiple shares');
}

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
  const rootKey = Buffer.alloc(32);
  randomBytes(32).copy(rootKey);
  const manual = seals.length === 0;
  const unsealKey = Buffer.alloc(32);
  if (manual) {
    checkShares(wish);
    randomBytes(32).copy(unsealKey);
  }
  const used = manual ? [new KeySeal('shamir', shamirId, unsealKey)] : seals;
  const rootKeys: WrappedRootKey[] = [];
  for (const seal of used)
    rootKeys.push({ seal: seal.type, id: seal.id, blob: Buffer.from(await seal.wrap(rootKey, clusterId)).toString('base64') });
  const boot: BootFile = {
    format: 1,
    clusterId,
    clusterName,
    store: `store-${clusterId}`,
    rootKeyCommitment: commitment(rootKey).toString('base64'),
    rootKeys,
    ...(manual ? { shamir: { ...wish, keyCommitment: commitment(unsealKey).toString('base64') } } : {}),
    confirmed: false,
  };
  const rootToken = await writeStore(directory, boot, rootKey, clock);
  const unanswered = directory.boot();
  directory.writeBoot(boot);
  if (unanswered !== undefined) directory.discard(unanswered.store);
  const shares = !manual ? [] : wish.shares === 1 ? [Buffer.from(unsealKey)] : split(unsealKey, wish.shares, wish.threshold);
  unsealKey.fill(0);
  return { shares, rootToken };
}

async function writeStore(directory: StoreDirectory, boot: BootFile, rootKey: Buffer, clock: Clock): Promise<string> {
  const barrier = new Barrier(rootKey, boot.clusterId, Keyring.create(clock.now()));
  const storage = await directory.open(boot.store, barrier, barrier.record(barrier.ring));
  const tx = new Transaction({ storage, barrier, derived: new DerivedCache(1) });
  const rootToken = await writeInitialState(tx, clock, barrier);
  await tx.commit().durable;
  await storage.close();
  barrier.wipe();
  return rootToken;
}
