import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Clock } from './clock.ts';
import { grantTtl, isExpired, secondsLeft } from './lifetime.ts';

const bounds = { defaultTtl: 100, maxTtl: 1000 };
const wish = { ttl: 0, explicitMaxTtl: 0, period: 0 };
const grant = (changes: Partial<typeof wish>, ageSeconds = 0): number =>
  grantTtl({ ...wish, ...changes }, bounds, 0, ageSeconds * 1000).ttl;

test.each([
  ['the default when nothing is asked', {}, 0, 100],
  ['what is asked', { ttl: 50 }, 0, 50],
  ['at most the maximum', { ttl: 5000 }, 0, 1000],
  ['at most what is left of the maximum', { ttl: 500 }, 900, 100],
  ['a period no longer than the maximum', { period: 3000 }, 0, 1000],
  ['a period no longer than the maximum, at a renewal too', { period: 3000 }, 99_999, 1000],
  ['a period no longer than the explicit maximum', { period: 300, explicitMaxTtl: 60 }, 0, 60],
  ['at most the explicit maximum', { ttl: 500, explicitMaxTtl: 60 }, 0, 60],
  ['at most what is left of the explicit maximum', { ttl: 500, explicitMaxTtl: 60 }, 50, 10],
  ['the period, whatever is asked', { ttl: 5, period: 300 }, 0, 300],
  ['the period again, long past the maximum', { period: 300 }, 99_999, 300],
  ['no more than the explicit maximum of a period', { period: 300, explicitMaxTtl: 400 }, 350, 50],
])('a lifetime is %s', (_, changes, age, expected) => {
  expect(grant(changes, age)).toBe(expected);
});

test.each([
  [{ ttl: 5000 }, 0, 'TTL of "1h23m20s" exceeded the effective max_ttl of "16m40s"; TTL value is capped accordingly'],
  [{ ttl: 500, explicitMaxTtl: 60 }, 0, 'TTL of "8m20s" exceeded the effective max_ttl of "1m0s"; TTL value is capped accordingly'],
  [{ ttl: 500 }, 955, 'TTL of "8m20s" exceeded the effective max_ttl of "45s"; TTL value is capped accordingly'],
  [{ explicitMaxTtl: 60 }, 0, 'TTL of "1m40s" exceeded the effective max_ttl of "1m0s"; TTL value is capped accordingly'],
  [{ period: 3000 }, 0, 'period of "50m0s" exceeded the effective max_ttl of "16m40s"; period value is capped accordingly'],
])('a lifetime that was cut is told, in the words that scripts look for: %j', (changes, age, warning) => {
  expect(grantTtl({ ...wish, ...changes }, bounds, 0, age * 1000).warnings).toEqual([warning]);
});

test('a lifetime that was not cut is not worth a word', () => {
  expect(grantTtl({ ...wish, ttl: 50 }, bounds, 0, 0).warnings).toEqual([]);
  expect(grantTtl({ ...wish, period: 1000 }, bounds, 0, 0).warnings).toEqual([]);
});

test.each([
  ['the maximum', { ttl: 500 }, 1000],
  ['the maximum, long ago', { ttl: 500 }, 99_999],
  ['the explicit maximum', { ttl: 5, explicitMaxTtl: 60 }, 60],
  ['the explicit maximum of a period', { period: 5, explicitMaxTtl: 60 }, 60],
])('nothing is granted past %s', (_, changes, age) => {
  expect(() => grant(changes, age)).toThrow('past the max TTL, cannot renew');
});

test('a renewal within the last second gives one second, which ends with the maximum', () => {
  expect(grantTtl({ ...wish, ttl: 500 }, bounds, 300, 1_000_250)).toMatchObject({ ttl: 1, expiresAt: 1_000_300 });
});

test('no renewal, however late and however often, outlives a maximum by a millisecond, or is nothing', () => {
  const seconds = fc.nat(3000);
  const steps = fc.array(fc.nat(3_000_000), { maxLength: 10 });
  fc.assert(
    fc.property(seconds, seconds, fc.boolean(), fc.nat(999), steps, (ttl, explicitMaxTtl, periodic, issuedAt, waits) => {
      let now = issuedAt;
      const ends = issuedAt + Math.min(explicitMaxTtl || Infinity, periodic ? Infinity : bounds.maxTtl) * 1000;
      for (const wait of waits) {
        now += wait;
        if (now >= ends) break;
        const granted = grantTtl({ ttl, explicitMaxTtl, period: periodic ? 200 : 0 }, bounds, issuedAt, now);
        expect(granted.ttl).toBeGreaterThan(0);
        expect(granted.expiresAt).toBeGreaterThan(now);
        expect(granted.expiresAt).toBeLessThanOrEqual(ends);
      }
    }),
    { verbose: 1 },
  );
});

test('the moment of expiry is already over, and only what has none never ends', () => {
  expect([isExpired(1000, 999), isExpired(1000, 1000), isExpired(undefined, 9e15), isExpired(0, 0)]).toEqual([false, true, false, true]);
  expect([secondsLeft(5999, 1000), secondsLeft(1000, 5000), secondsLeft(undefined, 0)]).toEqual([4, 0, 0]);
});

test('a clock that is set back stands still, and one that is raised goes on from there', () => {
  let wall = 5000;
  const clock = new Clock(() => wall, 1000);
  expect(clock.now()).toBe(5000);
  wall = 10;
  expect(clock.now()).toBe(5000);
  clock.raise(9000);
  clock.raise(7000);
  expect(clock.now()).toBe(9000);
  wall = 9001;
  expect(clock.now()).toBe(9001);
});
