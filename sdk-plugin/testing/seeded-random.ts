/** Randomness that is the same each time a call begins anew, so that its runs can be compared. */
import { createHash } from 'node:crypto';

/** A generator of bytes that its seed decides. */
export function seededRandom(seed: string): (size: number) => Uint8Array {
  let blocks = 0;
  return (size) => {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 32) {
      const block = createHash('sha256').update(`${seed}/${blocks++}`).digest();
      bytes.set(block.subarray(0, Math.min(32, size - at)), at);
    }
    return bytes;
  };
}
