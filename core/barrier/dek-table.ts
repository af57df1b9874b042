/**
 * DEKs that were unwrapped lately: unwrapping one costs as much as the decryption of a small value, for which there is no cheaper call. A place is
 * found by the random nonce of the wrapping and holds one DEK, so memory is fixed and the newest stays. Whatever was wrapped is compared whole.
 *
 * It holds nothing that the KEKs beside it in memory do not open, and is filled with zeros whenever the keys in force change and at seal.
 */
import { keyBytes } from '../crypto/aead.ts';

const places = 2 ** 17;

/** DEKs by what they look like wrapped. */
export class DekTable {
  readonly #headerBytes: number;
  readonly #nonceAt: number;
  #headers: Buffer | undefined;
  #deks: Buffer = Buffer.alloc(0);

  /** @param headerBytes length of what tells a DEK: all that is wrapped, with its nonce @param nonceAt where at least three random bytes begin in it */
  constructor(headerBytes: number, nonceAt: number) {
    this.#headerBytes = headerBytes;
    this.#nonceAt = nonceAt;
  }

  /** The DEK that this header wraps, if it is there; in the table's own memory, for use at once. @param sealed begins with the header */
  find(sealed: Uint8Array): Uint8Array | undefined {
    const headers = this.#headers;
    if (headers === undefined) return undefined;
    const place = this.#placeOf(sealed);
    const at = place * this.#headerBytes;
    if (headers.compare(sealed, 0, this.#headerBytes, at, at + this.#headerBytes) !== 0) return undefined;
    return this.#deks.subarray(place * keyBytes, (place + 1) * keyBytes);
  }

  /** Keeps a DEK that was unwrapped, which authenticates the header. */
  keep(sealed: Uint8Array, dek: Uint8Array): void {
    if (this.#headers === undefined) {
      // Pages of it that are never written take no memory.
      this.#headers = Buffer.alloc(places * this.#headerBytes);
      this.#deks = Buffer.alloc(places * keyBytes);
    }
    const place = this.#placeOf(sealed);
    this.#headers.set(sealed.subarray(0, this.#headerBytes), place * this.#headerBytes);
    this.#deks.set(dek, place * keyBytes);
  }

  /** Fills every DEK with zeros and forgets them all. */
  wipe(): void {
    this.#deks.fill(0);
    this.#headers = undefined;
    this.#deks = Buffer.alloc(0);
  }

  #placeOf(sealed: Uint8Array): number {
    const at = this.#nonceAt;
    return (sealed[at]! | (sealed[at + 1]! << 8) | (sealed[at + 2]! << 16)) % places;
  }
}
