import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decrypt, encrypt } from './aead.ts';
import { commitment, commits } from './commitment.ts';
import { hmacSha256 } from './hmac-sha256.ts';
import { pooledRandom } from './random-pool.ts';
import { randomBase62 } from './random-text.ts';
import { combine, split } from './shamir.ts';

describe('AES-256-GCM', () => {
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const aad = Buffer.from('aad');

  test('opens what it sealed, and nothing that differs by one bit anywhere', () => {
    const sealed = encrypt(key, nonce, aad, Buffer.from('value'));
    expect(decrypt(key, nonce, aad, sealed).toString()).toBe('value');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const bent = Buffer.from(sealed);
      bent[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decrypt(key, nonce, aad, bent)).toThrow('stored data failed authentication');
    }
    expect(() => decrypt(key, nonce, Buffer.from('aae'), sealed)).toThrow('stored data failed authentication');
  });

  test('refuses a truncated tag with the same error', () => {
    const sealed = encrypt(key, nonce, aad, Buffer.from('value'));
    for (let length = 0; length < sealed.length; length++) {
      expect(() => decrypt(key, nonce, aad, sealed.subarray(0, length))).toThrow('stored data failed authentication');
    }
  });
});

describe('Shamir', () => {
  test('combines shares that another implementation made (Vault shape: y then x)', () => {
    // A degree-1 polynomial by hand: f(x) = 0x53 + 0xca·x; f(1) = 0x99, and 0xca·2 = 0x8f in the field of AES, so f(2) = 0xdc.
    expect(combine([Buffer.from([0x99, 1]), Buffer.from([0xdc, 2])])).toEqual(Buffer.from([0x53]));
  });

  test('any threshold of the shares recovers the secret, in any order', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 33 }),
        fc.integer({ min: 2, max: 16 }),
        fc.nat(),
        fc.nat(),
        (secret, shares, t, seed) => {
          const threshold = 2 + (t % (shares - 1));
          const parts = split(secret, shares, threshold);
          expect(new Set(parts.map((part) => part.at(-1))).size).toBe(shares);
          const start = seed % shares;
          const chosen = [...parts.slice(start), ...parts.slice(0, start)].slice(0, threshold);
          expect(combine(chosen)).toEqual(Buffer.from(secret));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('one share less than the threshold does not give the secret', () => {
    const secret = randomBytes(32);
    expect(combine(split(secret, 5, 3).slice(0, 2))).not.toEqual(secret);
  });

  test.each([[[]], [[Buffer.from([1, 0])]], [[Buffer.from([1, 2]), Buffer.from([3, 2])]], [[Buffer.from([1, 2]), Buffer.from([3, 4, 5])]]])(
    'refuses shares that cannot belong together: %j',
    (shares) => {
      expect(() => combine(shares)).toThrow('the shares do not belong together');
    },
  );
});

test('the fast HMAC equals createHmac for every length around its buffer', () => {
  for (const keyLength of [1, 32, 64]) {
    const key = randomBytes(keyLength);
    const fast = hmacSha256(key, 'hex');
    for (const length of [0, 1, 55, 64, 4031, 4032, 4033, 9000]) {
      const message = 'ä'.repeat(length >> 1) + 'x'.repeat(length & 1);
      expect(fast(message)).toBe(createHmac('sha256', key).update(message).digest('hex'));
    }
  }
});

test('a commitment tells its key from every other', () => {
  const key = randomBytes(32);
  expect(commits(key, commitment(key))).toBe(true);
  expect(commits(randomBytes(32), commitment(key))).toBe(false);
  expect(commits(key, Buffer.alloc(0))).toBe(false);
});

test('pooled random bytes are never given twice, and live in memory of their own', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const bytes = pooledRandom(32);
    expect(bytes.buffer.byteLength).toBe(32);
    seen.add(bytes.toString('hex'));
  }
  expect(seen.size).toBe(2000);
  expect(pooledRandom(4096)).toHaveLength(4096);
});

test('random text has the length and alphabet asked for', () => {
  expect(randomBase62(24)).toMatch(/^[0-9A-Za-z]{24}$/);
  expect(randomBase62(24)).not.toBe(randomBase62(24));
});
