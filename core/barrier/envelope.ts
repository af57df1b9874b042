/**
 * How a value lies on disk: a fresh DEK encrypts it, the KEK of its mount wraps the DEK. An empty value stays empty (its presence
 * is authenticated with the names).
 *
 *   0      format (1)
 *   1      KEK version (4, big endian)
 *   5      nonce of the wrapping (12)
 *   17     wrapped DEK (32) and tag (16)        aad: format, cluster, key, KEK version
 *   65     ciphertext and tag (16)              aad: format, cluster, key; the nonce is zero, since the DEK seals once
 *
 * Re-wrapping replaces bytes 1 to 64 only.
 */
import { decrypt, encrypt, keyBytes, nonceBytes, tagBytes } from '../crypto/aead.ts';
import { pooledRandom } from '../crypto/random-pool.ts';
import { StrongroomError } from '../errors.ts';
import { DekTable } from './dek-table.ts';

const format = 1;
const wrappedAt = 1 + 4 + nonceBytes;
const bodyAt = wrappedAt + keyBytes + tagBytes;
const zeroNonce = Buffer.alloc(nonceBytes);

/** Bytes that the envelope adds to a value. */
export const envelopeOverhead: number = bodyAt + tagBytes;

/** A KEK as the envelope needs it. */
export interface WrappingKey {
  readonly version: number;
  readonly key: Uint8Array;
}

/** What binds a value to its place. */
export interface Place {
  readonly cluster: string;
  readonly key: string;
}

/** Encrypts a value for a place. */
export function sealEnvelope(kek: WrappingKey, place: Place, value: Uint8Array): Uint8Array {
  if (value.length === 0) return value;
  const dek = pooledRandom(keyBytes);
  const bound = Buffer.from(`${format}\0${place.cluster}\0${place.key}`);
  const sealed = Buffer.concat([header(kek, bound, dek), encrypt(dek, zeroNonce, bound, value)]);
  dek.fill(0);
  return sealed;
}

/** Gives a table of DEKs for `openEnvelope`. */
export function dekTable(): DekTable {
  return new DekTable(bodyAt, 5);
}

/**
 * Decrypts. A DEK that is in the table is not unwrapped again; that the value belongs to this place, its own tag proves.
 * @param kekOf finds the KEK by version: it must be there in any case
 * @throws StrongroomError `internal` when anything differs from what was sealed
 */
export function openEnvelope(kekOf: (version: number) => WrappingKey, place: Place, sealed: Uint8Array, deks: DekTable): Uint8Array {
  if (sealed.length === 0) return sealed;
  const bound = Buffer.from(`${format}\0${place.cluster}\0${place.key}`);
  const kek = kekOf(kekVersion(sealed));
  const known = deks.find(sealed);
  const dek = known ?? unwrap(kek, bound, sealed);
  const value = decrypt(dek, zeroNonce, bound, sealed.subarray(bodyAt));
  if (known === undefined) {
    deks.keep(sealed, dek);
    dek.fill(0);
  }
  return value;
}

/** Wraps the DEK anew when the value lies under another version; undefined when it is current. */
export function rewrapEnvelope(
  newest: WrappingKey,
  kekOf: (version: number) => WrappingKey,
  place: Place,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length === 0 || kekVersion(sealed) === newest.version) return undefined;
  const bound = Buffer.from(`${format}\0${place.cluster}\0${place.key}`);
  const dek = unwrap(kekOf(kekVersion(sealed)), bound, sealed);
  const again = Buffer.concat([header(newest, bound, dek), sealed.subarray(bodyAt)]);
  dek.fill(0);
  return again;
}

function header(kek: WrappingKey, bound: Buffer, dek: Uint8Array): Buffer {
  const nonce = pooledRandom(nonceBytes);
  const start = Buffer.alloc(5);
  start[0] = format;
  start.writeUInt32BE(kek.version, 1);
  return Buffer.concat([start, nonce, encrypt(kek.key, nonce, Buffer.concat([bound, start]), dek)]);
}

function unwrap(kek: WrappingKey, bound: Buffer, sealed: Uint8Array): Buffer {
  const nonce = sealed.subarray(5, wrappedAt);
  return decrypt(kek.key, nonce, Buffer.concat([bound, sealed.subarray(0, 5)]), sealed.subarray(wrappedAt, bodyAt));
}

function kekVersion(sealed: Uint8Array): number {
  if (sealed[0] !== format || sealed.length < envelopeOverhead) throw new StrongroomError('internal', 'stored data failed authentication');
  return Buffer.from(sealed.buffer, sealed.byteOffset, 5).readUInt32BE(1);
}
