import type * as crypto from 'node:crypto';
import { argon2Sync } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { hashPassword, passwordCost, verifyPassword } from './argon2.ts';

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>();
  return { ...real, argon2Sync: vi.fn<typeof argon2Sync>(real.argon2Sync) };
});

describe('a password hash', () => {
  test('is salted, in PHC form, of the cost that OWASP asks for, and fits its password only', () => {
    const [one, two] = [hashPassword('correct horse'), hashPassword('correct horse')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
    expect([verifyPassword('correct horse', one), verifyPassword('Correct horse', one), verifyPassword('', one)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  // From the tests of the reference implementation (password, somesalt, 64 MiB, two passes).
  const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

  test('of another implementation and another cost is read', () => {
    expect([verifyPassword('password', reference), verifyPassword('passwort', reference)]).toEqual([true, false]);
  });

  test.each([
    ['another algorithm', reference.replace('argon2id', 'argon2i')],
    ['another version', reference.replace('v=19', 'v=16')],
    ['more memory than is given', reference.replace('m=65536', 'm=1048576')],
    ['more passes than are given', reference.replace('t=2', 't=17')],
    ['no memory', reference.replace('m=65536', 'm=4')],
    ['a short hash', reference.slice(0, 45)],
    ['nothing', ''],
  ])('with %s is malformed', (_, text) => {
    expect(verifyPassword('password', text)).toBe('malformed');
  });

  test('that is not there costs as much as one that is, and never fits', () => {
    const priceOf = (text: string | undefined): unknown => {
      vi.mocked(argon2Sync).mockClear();
      expect(verifyPassword('x', text)).toBe(false);
      return vi
        .mocked(argon2Sync)
        .mock.calls.map(([kind, { memory, passes, parallelism, tagLength }]) => ({ kind, memory, passes, parallelism, tagLength }));
    };
    expect(priceOf(undefined)).toEqual(priceOf(hashPassword('y')));
    expect(passwordCost.memoryKiB).toBeGreaterThanOrEqual(19_456);
  });
});
