/**
 * What guards the root key. A seal wraps it under a key of its own; several may wrap the same root key, each with its entry in
 * the boot file. An automatic seal (static key, later an HSM or a cloud KMS) can open it alone; a manual one (Shamir) needs shares first.
 */
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, nonceBytes } from '../crypto/aead.ts';

/** One way to wrap the root key. */
export interface Seal {
  /** `shamir`, `static`, …: as reported by seal-status. */
  readonly type: string;
  /** Which of several seals of a type: stands in the boot file, binds the blob. */
  readonly id: string;
  /** Encrypts the root key for the boot file. */
  wrap(rootKey: Uint8Array, clusterId: string): Promise<Uint8Array>;
  /** Decrypts it. @throws StrongroomError `internal` when the blob is not of this seal */
  unwrap(blob: Uint8Array, clusterId: string): Promise<Buffer>;
}

/** A seal that holds its 32-byte key in memory: the static seal, and what Shamir's shares add up to. */
export class KeySeal implements Seal {
  readonly type: string;
  readonly id: string;
  readonly #key: Uint8Array;

  constructor(type: string, id: string, key: Uint8Array) {
    this.type = type;
    this.id = id;
    this.#key = key;
  }

  async wrap(rootKey: Uint8Array, clusterId: string): Promise<Uint8Array> {
    const nonce = randomBytes(nonceBytes);
    return Buffer.concat([nonce, encrypt(this.#key, nonce, this.#aad(clusterId), rootKey)]);
  }

  async unwrap(blob: Uint8Array, clusterId: string): Promise<Buffer> {
    return decrypt(this.#key, blob.subarray(0, nonceBytes), this.#aad(clusterId), blob.subarray(nonceBytes));
  }

  #aad(clusterId: string): Buffer {
    return Buffer.from(`root key\0${this.type}\0${this.id}\0${clusterId}`);
  }
}
