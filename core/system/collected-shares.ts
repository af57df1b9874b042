/** Shares on their way to the threshold. The same share twice counts once; what was wrong is not said, only that it was. */
import { randomUUID } from 'node:crypto';
import type { ShareSet } from '../barrier/boot-file.ts';
import { commits } from '../crypto/commitment.ts';
import { combine } from '../crypto/shamir.ts';
import { StrongroomError } from '../errors.ts';

/** What enough shares add up to. */
export interface JoinedShares {
  /** 32 bytes, which the caller fills with zeros. */
  readonly key: Buffer;
  /** Which of the sets they are of. */
  readonly set: ShareSet;
}

/** Collects the shares of one unsealing, or of one other occasion that needs a quorum. */
export class CollectedShares {
  readonly #shares = new Map<string, Buffer>();
  #nonce = '';

  /** Shares so far. */
  get count(): number {
    return this.#shares.size;
  }

  /** Names this attempt; '' when none is under way. */
  get nonce(): string {
    return this.#nonce;
  }

  /** Forgets the shares. */
  reset(): void {
    for (const share of this.#shares.values()) share.fill(0);
    this.#shares.clear();
    this.#nonce = '';
  }

  /**
   * Takes a share, hexadecimal or base64.
   * @param sets whose shares are accepted: one, or two while another set is on its way to its holders
   * @returns the key they add up to; undefined while the threshold is not reached
   * @throws StrongroomError `invalid` for text that is no share, or when the threshold is reached by wrong shares (then all are forgotten)
   */
  add(text: string, sets: readonly ShareSet[]): JoinedShares | undefined {
    const share = decodeShare(text, [...new Set(sets.map(shareBytes))]);
    if (this.#nonce === '') this.#nonce = randomUUID();
    const id = share.toString('latin1');
    if (this.#shares.has(id)) share.fill(0);
    else this.#shares.set(id, share);
    const alike = [...this.#shares].filter(([, { length }]) => length === share.length);
    const eligible = sets.filter((set) => shareBytes(set) === share.length);
    for (const set of eligible) {
      const key =
        alike.length < set.threshold
          ? undefined
          : join(
              alike.map(([, one]) => one),
              set,
            );
      if (key === undefined) continue;
      this.reset();
      return { key, set };
    }
    if (eligible.some(({ threshold }) => alike.length < threshold)) return undefined;
    for (const [name, one] of alike) {
      one.fill(0);
      this.#shares.delete(name);
    }
    if (this.#shares.size === 0) this.#nonce = '';
    throw new StrongroomError('invalid', 'the shares do not give the key: at least one is wrong');
  }
}

/** One holder has the key itself; several have a byte more each. */
function shareBytes({ shares }: ShareSet): number {
  return shares === 1 ? 32 : 33;
}

function decodeShare(text: string, lengths: readonly number[]): Buffer {
  const hex = /^[0-9a-fA-F]+$/.test(text) && lengths.includes(text.length / 2);
  const decoded = Buffer.from(text, hex ? 'hex' : 'base64');
  if (!lengths.includes(decoded.length))
    throw new StrongroomError('invalid', `field key: must be a share of ${lengths.join(' or ')} bytes in hexadecimal or base64`);
  // A buffer of its own, not of the pool: it is wiped.
  const share = Buffer.alloc(decoded.length);
  decoded.copy(share);
  decoded.fill(0);
  return share;
}

function join(shares: readonly Buffer[], set: ShareSet): Buffer | undefined {
  let key: Buffer;
  try {
    key = set.shares === 1 ? Buffer.from(shares[0]!) : combine(shares);
  } catch {
    return undefined;
  }
  if (commits(key, Buffer.from(set.keyCommitment, 'base64'))) return key;
  key.fill(0);
  return undefined;
}
