/** A token XORed with a one-time password of its length, in base64 without padding: as Vault hands out generated root tokens. */
import { StrongroomError } from '../errors.ts';

/** Encodes a token. @param otp of as many bytes */
export function encodeToken(token: string, otp: Uint8Array): string {
  return xor(Buffer.from(token), otp).toString('base64').replace(/=+$/, '');
}

/** Gives the token that was encoded with a password. @throws StrongroomError `invalid` when they don't belong together */
export function decodeToken(encoded: string, otp: string): string {
  const bytes = Buffer.from(encoded, 'base64');
  const password = Buffer.from(otp);
  if (bytes.length === 0 || bytes.length !== password.length)
    throw new StrongroomError('invalid', 'field encoded_token: must be base64 of as many bytes as field otp has');
  return xor(bytes, password).toString();
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ b[at]!));
}
