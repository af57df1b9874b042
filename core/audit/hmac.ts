/** HMAC-SHA256 in Vault's spelling, so that an operator can look for a known value in the log. */
import { hmacSha256 } from '../crypto/hmac-sha256.ts';

/** Gives `hmac-sha256:` and 64 hexadecimal digits for a text (as UTF-8) or bytes. */
export type AuditHmac = (value: string | Uint8Array) => string;

/** Of which there are few. */
const small = /^\d?$/;

/** Makes the HMAC of one salt. @param salt the server's audit key, 1 to 64 bytes; the caller may wipe it afterwards */
export function auditHmac(salt: Uint8Array): AuditHmac {
  const hmac = hmacSha256(salt, 'hex');
  const hashed = (value: string | Uint8Array): string => `hmac-sha256:${hmac(value)}`;
  // Versions and counts, and what is empty, stand in most lines; nothing longer is kept, because it may be secret.
  const few = new Map<string, string>();
  return (value) => {
    if (typeof value !== 'string' || !small.test(value)) return hashed(value);
    let known = few.get(value);
    if (known === undefined) few.set(value, (known = hashed(value)));
    return known;
  };
}
