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
  ['nothing past the maximum', { ttl: 500 }, 1000, 0],
  ['nothing long past the maximum', { ttl: 500 }, 99_999, 0],
  ['at most the explicit maximum', { ttl: 500, explicitMaxTtl: 60 }, 0, 60],
  ['at most what is left of the explicit maximum', { ttl: 500, explicitMaxTtl: 60 }, 50, 10],
  ['the period, whatever is asked', { ttl: 5, period: 300 }, 0, 300],
  ['the period again, long past the maximum', { period: 300 }, 99_999, 300],
  ['no more than the explicit maximum of a period', { period: 300, explicitMaxTtl: 400 }, 350, 50],
])('a lifetime is %s', (_, changes, age, expected) => {
  expect(grant(changes, age)).toBe(expected);
});

test('a lifetime that was cut is told', () => {
  expect(grantTtl({ ...wish, ttl: 5000 }, bounds, 0, 0).warnings).toHaveLength(1);
  expect(grantTtl({ ...wish, ttl: 500, explicitMaxTtl: 60 }, bounds, 0, 0).warnings).toHaveLength(1);
  expect(grantTtl({ ...wish, ttl: 50 }, bounds, 0, 0).warnings).toEqual([]);
});

test('no renewal, however late and however often, outlives a maximum or is negative', () => {
  const seconds = fc.nat(3000);
  fc.assert(
    fc.property(seconds, seconds, fc.boolean(), fc.array(seconds, { maxLength: 10 }), (ttl, explicitMaxTtl, periodic, steps) => {
      let now = 0;
      for (const step of steps) {
        now += step;
        const granted = grant({ ttl, explicitMaxTtl, period: periodic ? 200 : 0 }, now);
        expect(granted).toBeGreaterThanOrEqual(0);
        if (explicitMaxTtl > 0 && granted > 0) expect(now + granted).toBeLessThanOrEqual(explicitMaxTtl);
        if (!periodic && granted > 0) expect(now + granted).toBeLessThanOrEqual(bounds.maxTtl);
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
