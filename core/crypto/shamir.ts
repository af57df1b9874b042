/**
 * Shamir's secret sharing over GF(2^8) with the polynomial of AES, byte by byte, in Vault's share shape:
 *
 *   share = y[0] y[1] … y[n-1] x        (x is the last byte, 1 to 255, random and distinct)
 *
 * Field arithmetic is by masks, never by tables or branches that depend on a secret.
 * @source A. Shamir, How to Share a Secret, CACM 22 (1979); FIPS 197 section 4 (the field)
 */
import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../errors.ts';

/** Product in GF(2^8), in constant time. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    product ^= -(b & 1) & a;
    a = ((a << 1) ^ (-(a >> 7) & 0x1b)) & 0xff;
    b >>= 1;
  }
  return product;
}

/** Inverse in GF(2^8) as a^254, in constant time; 0 gives 0. */
function invert(a: number): number {
  let result = 1;
  let power = a;
  for (let bit = 1; bit < 8; bit++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

/** `count` distinct x coordinates, 1 to 255, in random order. */
function distinctX(count: number): number[] {
  const xs = Array.from({ length: 255 }, (_, i) => i + 1);
  for (let i = 0; i < count; i++) {
    // Rejection sampling: a plain modulo would favour small indices.
    const range = xs.length - i;
    let pick: number;
    do pick = randomBytes(1)[0]!;
    while (pick >= 256 - (256 % range));
    const j = i + (pick % range);
    [xs[i], xs[j]] = [xs[j]!, xs[i]!];
  }
  return xs.slice(0, count);
}

/**
 * Splits a secret so that any `threshold` of `shares` recover it.
 * @param shares 2 to 255
 * @param threshold 2 to `shares`
 */
export function split(secret: Uint8Array, shares: number, threshold: number): Buffer[] {
  if (!(threshold >= 2 && threshold <= shares && shares <= 255)) {
    throw new StrongroomError('invalid', 'threshold must be from 2 to the number of shares, and shares at most 255');
  }
  const parts = distinctX(shares).map((x) => {
    const share = Buffer.alloc(secret.length + 1);
    share[secret.length] = x;
    return share;
  });
  const coefficients = Buffer.alloc(threshold);
  for (const [index, byte] of secret.entries()) {
    randomBytes(threshold - 1).copy(coefficients, 1);
    coefficients[0] = byte;
    for (const share of parts) {
      const x = share[secret.length]!;
      let y = 0;
      for (let k = threshold - 1; k >= 0; k--) y = multiply(y, x) ^ coefficients[k]!;
      share[index] = y;
    }
  }
  coefficients.fill(0);
  return parts;
}

/**
 * Recovers the secret from at least as many distinct shares as the threshold. Wrong shares give a wrong secret silently: the
 * caller compares a commitment.
 * @throws StrongroomError `invalid` when lengths differ or an x coordinate is 0 or occurs twice
 */
export function combine(shares: readonly Uint8Array[]): Buffer {
  const length = shares[0]?.length ?? 0;
  const xs = shares.map((share) => share[share.length - 1] ?? 0);
  if (length < 2 || shares.some((share) => share.length !== length) || xs.includes(0) || new Set(xs).size !== xs.length) {
    throw new StrongroomError('invalid', 'the shares do not belong together');
  }
  const secret = Buffer.alloc(length - 1);
  for (const [i, share] of shares.entries()) {
    let basis = 1;
    for (const [j, x] of xs.entries()) {
      if (j !== i) basis = multiply(basis, multiply(x, invert(x ^ xs[i]!)));
    }
    for (let k = 0; k < secret.length; k++) secret[k]! ^= multiply(share[k]!, basis);
  }
  return secret;
}
