/**
 * Rekeying: enough shares of now earn a new root key, guarded by a new unseal key with new shares. Until the answer with them has been handed
 * to its socket (or their holders have proved that they have them) both sets open the server: the first to be used afterwards stays.
 *
 *   start → update … update (threshold) → [verify … verify (new threshold)] → the new shares are in force
 */
import { hash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { BootFile, GuardedRoot, ShareSet } from '../barrier/boot-file.ts';
import { freshKey, guardRoot, withPrevious } from '../barrier/root-key.ts';
import { KeySeal } from '../barrier/seal.ts';
import { StrongroomError } from '../errors.ts';
import { CollectedShares } from './collected-shares.ts';
import { shamirId } from './initialize.ts';
import { checkShares, fingerprint, makeShares, type ShareWish } from './new-shares.ts';
import { keepBackup } from './rekey-backup.ts';
import type { Server } from './server.ts';

/** What is asked for when a rekey begins. */
export interface RekeyWish extends ShareWish {
  readonly backup: boolean;
  readonly requireVerification: boolean;
}

/** A rekey under way. */
export interface Rekeying {
  readonly nonce: string;
  readonly wish: RekeyWish;
  readonly collected: CollectedShares;
  /** New shares that wait for their verification. */
  made: MadeRoot | undefined;
}

interface MadeRoot {
  verificationNonce: string;
  readonly root: GuardedRoot;
  readonly rootKey: Buffer;
  readonly set: ShareSet;
  readonly collected: CollectedShares;
}

/** New shares, as they are answered once. */
export interface Rekeyed {
  readonly rekeying: Rekeying;
  readonly handed: readonly Buffer[];
  /** Undefined: the shares are in force when `sent` has run. */
  readonly verificationNonce: string | undefined;
  readonly sent: () => void;
}

/** Compares two nonces without telling where they differ. */
export function sameNonce(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}

/** The one rekey that can be under way. */
export class Rekey {
  readonly #server: Server;
  #current: Rekeying | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** What is under way. */
  get current(): Rekeying | undefined {
    return this.#current;
  }

  /** Shares that this server needs. @throws StrongroomError `invalid` where an automatic seal has none */
  shamir(): ShareSet {
    const shamir = this.#server.boot?.shamir;
    if (shamir === undefined)
      throw new StrongroomError('invalid', 'this server unseals by itself: it has no shares, and recovery keys are not supported');
    return shamir;
  }

  /** Begins. @throws StrongroomError `invalid` for a wish that can't be, or when one is under way */
  start(wish: RekeyWish): void {
    this.shamir();
    checkShares(wish);
    if (wish.backup && wish.publicKeys === undefined)
      throw new StrongroomError(
        'invalid',
        'field backup: shares are kept only when they are sealed to their holders, by share_public_keys',
      );
    if (this.#current !== undefined) throw new StrongroomError('invalid', 'rekey already in progress');
    if (this.#server.boot?.previousRootKey !== undefined) {
      this.#server.retirePreviousRoot();
      throw new StrongroomError('unavailable', 'the storage is still being brought under the root key of the rekey before; try again');
    }
    this.#current = { nonce: randomUUID(), wish, collected: new CollectedShares(), made: undefined };
  }

  /** Forgets everything of it. */
  cancel(): void {
    this.#current?.collected.reset();
    this.#forgetMade();
    this.#current = undefined;
  }

  #forgetMade(): void {
    const made = this.#current?.made;
    made?.collected.reset();
    made?.rootKey.fill(0);
  }

  /** Takes a share of now. @returns the new shares when they are enough @throws StrongroomError `invalid` */
  update(share: string, nonce: string): Promise<Rekeyed | undefined> {
    return this.#server.exclusively(1, async () => {
      const current = this.#current;
      if (current === undefined) throw new StrongroomError('invalid', 'no barrier rekey in progress');
      if (current.made !== undefined)
        throw new StrongroomError('invalid', 'rekey operation already finished; verification must be performed');
      if (!sameNonce(nonce, current.nonce)) throw new StrongroomError('invalid', 'incorrect nonce supplied');
      const before = current.collected.count;
      const joined = current.collected.add(share, [this.shamir()]);
      joined?.key.fill(0);
      if (joined === undefined && current.collected.count === before)
        throw new StrongroomError('invalid', 'given key has already been provided during this generation operation');
      return joined === undefined ? undefined : this.#finish(current);
    });
  }

  async #finish(current: Rekeying): Promise<Rekeyed> {
    const { unsealed } = this.#server;
    const boot = this.#server.boot;
    if (unsealed === undefined || boot === undefined) throw new StrongroomError('sealed', 'Vault is sealed');
    const { key, set, handed } = makeShares(current.wish);
    const rootKey = freshKey();
    const now = unsealed.barrier.copyRoot();
    const guarded = await guardRoot(rootKey, boot.clusterId, [new KeySeal('shamir', shamirId, key)], set);
    const root = withPrevious(guarded, rootKey, now, boot.clusterId);
    now.fill(0);
    key.fill(0);
    if (current.wish.backup) await keepBackup(unsealed, { nonce: current.nonce, set, holders: holdersOf(current.wish), handed });
    if (!current.wish.requireVerification) return this.#offer(current, boot, root, rootKey, handed);
    current.made = { verificationNonce: randomUUID(), root, rootKey, set, collected: new CollectedShares() };
    return { rekeying: current, handed, verificationNonce: current.made.verificationNonce, sent: () => {} };
  }

  /** Both sets open the server from here on; once the answer is out, the new one alone does. */
  #offer(current: Rekeying, boot: BootFile, root: GuardedRoot, rootKey: Buffer, handed: readonly Buffer[]): Rekeyed {
    const server = this.#server;
    const { directory } = server.options;
    directory.writeBoot({ ...boot, offered: root });
    this.#current = undefined;
    const sent = (): void => {
      if (directory.boot()?.offered !== root || server.unsealed === undefined) return void rootKey.fill(0);
      try {
        server.replaceRoot(root, rootKey);
      } catch (error) {
        server.log.error({ err: error }, 'the new shares could not be put in force: both sets open the server until one is used');
      }
    };
    return { rekeying: current, handed, verificationNonce: undefined, sent };
  }

  /** The new shares that wait for their verification. @throws StrongroomError `invalid` when there are none */
  verifying(): { readonly rekeying: Rekeying; readonly made: MadeRoot } {
    const rekeying = this.#current;
    if (rekeying === undefined) throw new StrongroomError('invalid', 'no rekey configuration found');
    if (rekeying.made === undefined) throw new StrongroomError('invalid', 'no rekey verification is in progress');
    return { rekeying, made: rekeying.made };
  }

  /** Forgets the new shares given so far. */
  restartVerification(): void {
    const { made } = this.verifying();
    made.collected.reset();
    made.verificationNonce = randomUUID();
  }

  /** Takes a new share; true when they are enough, and are in force. @throws StrongroomError `invalid` */
  verify(share: string, nonce: string): Promise<boolean> {
    return this.#server.exclusively(1, async () => {
      const { made } = this.verifying();
      if (!sameNonce(nonce, made.verificationNonce)) throw new StrongroomError('invalid', 'incorrect nonce supplied');
      const before = made.collected.count;
      const joined = made.collected.add(share, [made.set]);
      joined?.key.fill(0);
      if (joined === undefined) {
        if (made.collected.count === before)
          throw new StrongroomError('invalid', 'given key has already been provided during this verify operation');
        return false;
      }
      this.#server.replaceRoot(made.root, made.rootKey);
      this.#current = undefined;
      return true;
    });
  }
}

function holdersOf({ publicKeys = [] }: ShareWish): readonly string[] {
  return publicKeys.map(fingerprint);
}
