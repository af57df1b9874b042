import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testScale } from '../contract.ts';
import { encodePage, type Location } from './page.ts';
import { PageIndex } from './page-index.ts';

/** What is put: every field differs by key and number. */
function locationOf(key: number, number: number): Location {
  return {
    revision: number,
    file: 1 + (number % 5),
    offset: key * 1000 + number,
    length: number % 300,
    check: (key * 7919 + number) >>> 0,
  };
}

/** Writes the pages of an index to a snapshot in memory and starts a new index from it. */
function reload(index: PageIndex, cleanPagesMax: number): PageIndex {
  const records: Buffer[] = [];
  const table = index.refs().map((ref) => {
    const { bytes, count, bytesByFile } = encodePage(index.load(ref), () => true);
    records.push(bytes);
    return { first: ref.first, stored: { file: 9, offset: records.length - 1, length: bytes.length, count, bytesByFile } };
  });
  const again = new PageIndex(({ offset }) => records[offset] ?? Buffer.alloc(0), cleanPagesMax);
  again.restore(table);
  return again;
}

const nameOf = (i: number): string => `${i % 3}/é${(i * 7919) % 4000}`;

test('the index behaves like a sorted Map through splits, joins, snapshots and pages that come and go', () => {
  const step = fc.record({
    kind: fc.constantFrom('put', 'put', 'put', 'remove', 'reload', 'join' as const),
    from: fc.nat(4000),
    count: fc.integer({ min: 1, max: 700 }),
    stride: fc.constantFrom(1, 3, 17),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 3 }), (steps, cleanPagesMax) => {
      let index = new PageIndex(() => Buffer.alloc(0), cleanPagesMax);
      const model = new Map<string, Location>();
      let number = 0;
      for (const { kind, from, count, stride } of steps) {
        if (kind === 'reload') index = reload(index, cleanPagesMax);
        if (kind === 'join') for (const ref of index.refs().slice(0, 5)) if (index.refs().includes(ref)) index.joinNext(ref);
        const end = kind === 'put' || kind === 'remove' ? from + count * stride : 0;
        for (let i = from; i < end; i += stride) {
          const key = nameOf(i);
          const before = model.get(key);
          if (kind === 'put') model.set(key, locationOf(i, ++number));
          else model.delete(key);
          expect(kind === 'put' ? index.put(key, locationOf(i, number)) : index.remove(key)).toEqual(before);
        }
      }
      const keys = [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
      expect(index.keys).toBe(keys.length);
      for (const directory of ['0/', '1/', '2/']) {
        const wanted = keys.filter((key) => key.startsWith(directory)).map((key) => key.slice(2));
        expect(index.list(directory, '', Number.POSITIVE_INFINITY)).toEqual(wanted);
      }
      for (const key of keys) expect(index.get(key)).toEqual(model.get(key));
      for (let i = 0; i < keys.length; i += 11) {
        expect(index.neighbours(keys[i] ?? '')).toEqual({ previous: keys[i - 1], next: keys[i + 1] });
      }
      const live = new Map<number, number>();
      for (const { file, length } of model.values()) live.set(file, (live.get(file) ?? 0) + length);
      for (const [file, bytes] of live) expect(index.liveBytes.get(file) ?? 0).toBe(bytes);
    }),
    { numRuns: Math.ceil(20 * testScale) },
  );
});
