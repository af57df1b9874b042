/** Shares on their way to the threshold. The same share twice counts once; what was wrong is not said, only that it was. */
import { randomUUID } from 'node:crypto';
import type { BootFile } from '../barrier/boot-file.ts';
import { commits } from '../crypto/commitment.ts';
import { combine } from '../crypto/shamir.ts';
import { StrongroomError } from '../errors.ts';

/** Collects the shares of one unsealing. */
export class UnsealProgress {
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
   * @returns the 32-byte key they add up to; undefined while the threshold is not reached
   * @throws StrongroomError `invalid` for text that is no share, or when the threshold is reached by wrong shares (then all are forgotten)
   */
  add(text: string, shamir: NonNullable<BootFile['shamir']>): Buffer | undefined {
    const bytes = shamir.shares === 1 ? 32 : 33;
    const share = Buffer.alloc(bytes);
    const decoded = /^[0-9a-fA-F]+$/.test(text) && text.length === bytes * 2 ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
    if (decoded.length !== bytes)
      throw new StrongroomError('invalid', `field key: must be a share of ${bytes} bytes in hexadecimal or base64`);
    decoded.copy(share);
    decoded.fill(0);
    if (this.#nonce === '') this.#nonce = randomUUID();
    const id = share.toString('latin1');
    if (this.#shares.has(id)) share.fill(0);
    else this.#shares.set(id, share);
    if (this.#shares.size < shamir.threshold) return undefined;
    const shares = [...this.#shares.values()];
    let key: Buffer;
    try {
      key = shamir.shares === 1 ? Buffer.from(shares[0]!) : combine(shares);
    } catch {
      this.reset();
      throw new StrongroomError('invalid', 'the shares do not belong together');
    }
    this.reset();
    if (commits(key, Buffer.from(shamir.keyCommitment, 'base64'))) return key;
    key.fill(0);
    throw new StrongroomError('invalid', 'the shares do not give the key: at least one is wrong');
  }
}
