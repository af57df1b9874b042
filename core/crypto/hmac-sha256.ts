/** HMAC-SHA256 over short messages, at a third of createHmac's cost. */
import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
const scratchBytes = 4096;

/**
 * Makes the HMAC of one key. Two one-shot hashes over prepared blocks cost 0.6 µs, createHmac 1.5 µs; the inner digest travels as a
 * latin1 text because a Buffer result costs 0.5 µs more.
 * @param key 1 to 64 bytes; the caller may wipe it afterwards
 * @source FIPS 198-1
 */
export function hmacSha256(key: Uint8Array, encoding: 'hex' | 'base64url'): (message: string | Uint8Array) => string {
  if (key.length < 1 || key.length > blockBytes) throw new RangeError(`an HMAC key must have 1 to ${blockBytes} bytes`);
  const inner = Buffer.alloc(scratchBytes);
  const outer = Buffer.alloc(blockBytes + digestBytes);
  for (let at = 0; at < blockBytes; at++) {
    inner[at] = (key[at] ?? 0) ^ 0x36;
    outer[at] = (key[at] ?? 0) ^ 0x5c;
  }
  // To make a view costs as much as half of the hash.
  const views: (Buffer | undefined)[] = [];
  const finish = (digest: string): string => {
    outer.write(digest, blockBytes, 'latin1');
    return hash('sha256', outer, encoding);
  };
  return (message) => {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    if (typeof message === 'string' && message.length * 3 <= scratchBytes - blockBytes) {
      const size = blockBytes + inner.write(message, blockBytes, 'utf8');
      const digest = hash('sha256', (views[size] ??= inner.subarray(0, size)), 'binary');
      inner.fill(0, blockBytes, size);
      return finish(digest);
    }
    const bytes = typeof message === 'string' ? Buffer.from(message) : message;
    const whole = Buffer.concat([inner.subarray(0, blockBytes), bytes]);
    const digest = hash('sha256', whole, 'binary');
    whole.fill(0);
    return finish(digest);
  };
}
