/** Invariants: whatever an entry holds, what it leads to is a key that a plugin may use, or nothing; and it never throws. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { followedKey, followLimits } from './follow.ts';
import { isStorageKey } from './storage-key.ts';

const bytes = (json: unknown): Uint8Array => Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
const newest = { from: 'meta/{path}', at: 'current', key: 'version/{path}/{}' };

test.each([
  ['a name', newest, { current: 7 }, 'version/a/b/7'],
  ['a text', newest, { current: 'x/y' }, 'version/a/b/x/y'],
  ['a position', { ...newest, at: 1 }, [1, 12], 'version/a/b/12'],
  ['its key twice', { ...newest, key: '{}/{}' }, { current: 7 }, '7/7'],
  ['what its first line names', newest, '{"current":7}\n{"current":8}', 'version/a/b/7'],
  ['the same, however much is below', newest, `{"current":7}\n${'x'.repeat(followLimits.fromBytesMax)}`, 'version/a/b/7'],
  ['nothing by another name', newest, { other: 7 }, undefined],
  ['nothing by a list', newest, { current: [7] }, undefined],
  ['nothing by null', newest, { current: null }, undefined],
  ['nothing by an inherited name', { ...newest, at: 'constructor' }, {}, undefined],
  ['nothing by an empty text', newest, { current: '' }, undefined],
  ['nothing above its mount', newest, { current: '../../other' }, undefined],
  ['nothing by what is no JSON', newest, '{"current":', undefined],
  ['nothing by what is no object', newest, '7', undefined],
  ['nothing by the length of a list', { ...newest, at: 2 }, [1, 2], undefined],
  ['nothing by a large entry', newest, { current: 7, other: 'x'.repeat(followLimits.fromBytesMax) }, undefined],
])('an entry leads to %s', (_, follow, json, key) => {
  expect(followedKey(follow, { path: 'a/b' }, bytes(json))).toBe(key);
});

test('an entry that is not there leads nowhere', () => {
  expect(followedKey(newest, { path: 'a' }, undefined)).toBe(undefined);
});

test('what a client wrote into a path is no place for what was found', () => {
  expect(followedKey(newest, { path: 'a/{}/$&' }, bytes({ current: 7 }))).toBe('version/a/{}/$&/7');
});

test('no entry leads anywhere but to a key of the mount', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue().map(bytes), fc.uint8Array()), fc.string(), fc.string(), fc.string(), (entry, at, key, path) => {
      const found = followedKey({ from: '', at, key }, { path }, entry);
      expect(found === undefined || isStorageKey(found)).toBe(true);
    }),
    { numRuns: 500 * Number(process.env['STRONGROOM_TEST_SCALE'] ?? '1'), verbose: 1 },
  );
});
