import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditHmac } from './hmac.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);

test('is the HMAC that createHmac gives, for texts and bytes of any length and salts of 1 to 64 bytes', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.constantFrom('', 'a'.repeat(1344), 'a'.repeat(1345), 'é'.repeat(3000), '\ud800'),
    fc.constant(new Uint8Array(5000).fill(7)),
  );
  const property = fc.property(
    fc.uint8Array({ minLength: 1, maxLength: 64 }),
    fc.array(value, { minLength: 1, maxLength: 4 }),
    (salt, values) => {
      const hmac = auditHmac(salt);
      // Several in a row: nothing of one may leak into the next.
      for (const one of values) expect(hmac(one)).toBe(`hmac-sha256:${createHmac('sha256', salt).update(one).digest('hex')}`);
    },
  );
  fc.assert(property, { numRuns: 100 * scale });
});

test('tells small texts apart, the second time too', () => {
  const salt = new Uint8Array(32).fill(3);
  const hmac = auditHmac(salt);
  for (const text of ['', '1', '2', '12', '', '1', '2', '12'])
    expect(hmac(text)).toBe(`hmac-sha256:${createHmac('sha256', salt).update(text).digest('hex')}`);
});

test.each([0, 65])('refuses a salt of %i bytes', (size) => {
  expect(() => auditHmac(new Uint8Array(size))).toThrow('1 to 64 bytes');
});

test('keeps working when the caller wipes the salt', () => {
  const salt = new Uint8Array(32).fill(3);
  const hmac = auditHmac(salt);
  const before = hmac('x');
  salt.fill(0);
  expect(hmac('x')).toBe(before);
});
