/** Key commitments: a key is compared with a public value first, so that a wrong key is never used. @source RFC 5869 (HKDF) */
import { hkdfSync, timingSafeEqual } from 'node:crypto';

/** 32 bytes that only this key yields and that say nothing about it. */
export function commitment(key: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'strongroom key commitment', 32));
}

/** Derives a 32-byte key for one purpose. */
export function deriveKey(key: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `strongroom ${purpose}`, 32));
}

/** Tells, in constant time, whether a key is the committed one. */
export function commits(key: Uint8Array, committed: Uint8Array): boolean {
  return committed.length === 32 && timingSafeEqual(commitment(key), committed);
}
