/**
 * A share that only its holder can open: an anonymous box to an X25519 public key.
 *
 *   ephemeral public key (32) | nonce (24) | box of the share (its length + 16)
 *
 * @source NaCl crypto_box (X25519, XSalsa20, Poly1305)
 */
import nacl from 'tweetnacl';

/** Bytes of a public and of a secret key. */
export const holderKeyBytes: number = nacl.box.publicKeyLength;
const nonceAt = nacl.box.publicKeyLength;
const boxAt = nonceAt + nacl.box.nonceLength;

/** A holder's keys. */
export interface HolderKeys {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** Makes the keys of a holder; or finds the public one of a secret key. */
export function holderKeys(secretKey?: Uint8Array): HolderKeys {
  return secretKey === undefined ? nacl.box.keyPair() : nacl.box.keyPair.fromSecretKey(secretKey);
}

/** Whether a box to this key is a secret: with a point of small order everyone could open it. */
export function isHolderKey(publicKey: Uint8Array): boolean {
  return publicKey.length === holderKeyBytes && nacl.scalarMult(nacl.randomBytes(holderKeyBytes), publicKey).some((byte) => byte !== 0);
}

/** Seals a share to a holder. */
export function sealShare(share: Uint8Array, publicKey: Uint8Array): Buffer {
  const ephemeral = nacl.box.keyPair();
  const nonce = nacl.randomBytes(nacl.box.nonceLength);
  const sealed = Buffer.concat([ephemeral.publicKey, nonce, nacl.box(share, nonce, publicKey, ephemeral.secretKey)]);
  ephemeral.secretKey.fill(0);
  return sealed;
}

/** Opens one; undefined when it is not for this holder, or was changed. */
export function openSealedShare(sealed: Uint8Array, secretKey: Uint8Array): Buffer | undefined {
  if (sealed.length < boxAt + nacl.box.overheadLength) return undefined;
  const share = nacl.box.open(sealed.subarray(boxAt), sealed.subarray(nonceAt, boxAt), sealed.subarray(0, nonceAt), secretKey);
  return share === null ? undefined : Buffer.from(share);
}
