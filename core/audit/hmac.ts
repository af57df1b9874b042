/** HMAC-SHA256 in Vault's spelling, so that an operator can look for a known value in the log. */
import { hash } from 'node:crypto';

/** Gives `hmac-sha256:` and 64 hexadecimal digits for a text (as UTF-8) or bytes. */
export type AuditHmac = (value: string | Uint8Array) => string;

const blockBytes = 64;
const digestBytes = 32;
const scratchBytes = 4096;

/**
 * Makes the HMAC of one salt. Two one-shot hashes over prepared blocks cost 0.6 µs, createHmac 1.5 µs; the inner digest travels as a
 * latin1 text because a Buffer result costs 0.5 µs more.
 * @param salt the server's audit key, 1 to 64 bytes; the caller may wipe it afterwards
 * @source FIPS 198-1
 */
export function auditHmac(salt: Uint8Array): AuditHmac {
  if (salt.length < 1 || salt.length > blockBytes) throw new RangeError(`the audit salt must have 1 to ${blockBytes} bytes`);
  const inner = Buffer.alloc(scratchBytes);
  const outer = Buffer.alloc(blockBytes + digestBytes);
  for (let at = 0; at < blockBytes; at++) {
    inner[at] = (salt[at] ?? 0) ^ 0x36;
    outer[at] = (salt[at] ?? 0) ^ 0x5c;
  }
  const finish = (digest: string): string => {
    outer.write(digest, blockBytes, 'latin1');
    return `hmac-sha256:${hash('sha256', outer, 'hex')}`;
  };
  return (value) => {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    if (typeof value === 'string' && value.length * 3 <= scratchBytes - blockBytes) {
      const size = blockBytes + inner.write(value, blockBytes, 'utf8');
      const digest = hash('sha256', inner.subarray(0, size), 'binary');
      inner.fill(0, blockBytes, size);
      return finish(digest);
    }
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const whole = Buffer.concat([inner.subarray(0, blockBytes), bytes]);
    const digest = hash('sha256', whole, 'binary');
    whole.fill(0);
    return finish(digest);
  };
}
