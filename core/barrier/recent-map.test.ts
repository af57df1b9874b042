import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

const step = fc.record({
  key: fc.nat({ max: 30 }).map(String),
  size: fc.integer({ min: 1, max: 50 }),
  what: fc.constantFrom('set', 'get', 'delete'),
});

test('holds never more than its size, and whatever was used last up to half of that', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const sizes = new RecentMap<number>(100, (_, size) => size);
      // Keys in the order of their last use, the last one first.
      let used: { readonly key: string; readonly size: number }[] = [];
      const known = new Set<string>();
      for (const { key, size, what } of steps) {
        if (what === 'delete') sizes.delete(key);
        const held = what === 'set' ? size : sizes.get(key);
        if (what === 'set') sizes.set(key, size);
        used = used.filter((other) => other.key !== key);
        if (held !== undefined) used.unshift({ key, size: held });
        if (held === undefined) known.delete(key);
        else known.add(key);
        let total = 0;
        // What was once too long unused may be gone, also when those used later have become smaller.
        used = used.filter((entry) => (total += entry.size) <= 50);
        // Looking is a use: the order is asked from its end, so that it stays.
        for (const entry of used.toReversed()) expect(sizes.get(entry.key)).toBe(entry.size);
        expect(sizes.count).toBeLessThanOrEqual(known.size);
      }
      sizes.clear();
      expect(sizes.count).toBe(0);
    }),
  );
});

test('keeps the bound on what all entries are together', () => {
  const map = new RecentMap<number>(1000, (_, size) => size);
  for (let i = 0; i < 10_000; i++) map.set(String(i), 10);
  expect(map.count).toBeLessThanOrEqual(100);
  expect(map.count).toBeGreaterThanOrEqual(50);
  for (let i = 9950; i < 10_000; i++) expect(map.get(String(i))).toBe(10);
});
