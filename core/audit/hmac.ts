/** HMAC-SHA256 in Vault's spelling, so that an operator can look for a known value in the log. */
import { hmacSha256 } from '../crypto/hmac-sha256.ts';

/** Gives `hmac-sha256:` and 64 hexadecimal digits for a text (as UTF-8) or bytes. */
export type AuditHmac = (value: string | Uint8Array) => string;

/** Makes the HMAC of one salt. @param salt the server's audit key, 1 to 64 bytes; the caller may wipe it afterwards */
export function auditHmac(salt: Uint8Array): AuditHmac {
  const hmac = hmacSha256(salt, 'hex');
  return (value) => `hmac-sha256:${hmac(value)}`;
}
