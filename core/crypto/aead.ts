/**
 * AES-256-GCM, the only AEAD of the barrier. Every failure to open is the same error, and no plaintext is released before the tag
 * has been checked. @source NIST SP 800-38D
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { StrongroomError } from '../errors.ts';

const algorithm = 'aes-256-gcm';
const options = { authTagLength: 16 };

/** Bytes of a key. */
export const keyBytes = 32;
/** Bytes of a nonce. */
export const nonceBytes = 12;
/** Bytes of the tag that follows the ciphertext. */
export const tagBytes = 16;

/** Encrypts; the result is ciphertext then tag. The caller guarantees that (key, nonce) is never used twice. */
export function encrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv(algorithm, key, nonce, options);
  cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([body, cipher.getAuthTag()], body.length + tagBytes);
}

/** Decrypts what `encrypt` made. @throws StrongroomError `internal`, one message for every cause */
export function decrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer {
  try {
    const cut = sealed.length - tagBytes;
    const decipher = createDecipheriv(algorithm, key, nonce, options);
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(cut));
    const plaintext = decipher.update(sealed.subarray(0, cut));
    decipher.final();
    return plaintext;
  } catch {
    throw new StrongroomError('internal', 'stored data failed authentication');
  }
}
