/** Invariants: a guess that fails costs its entry alone; what nobody asked for is bounded; no key is read but those of the mount. */
import { followLimits } from '@strongroom/sdk-plugin/hosting';
import { expect, test } from 'vitest';
import { mountWorld } from '../runner/engine-call.ts';
import { entriesAlong } from './entries-along.ts';

const operation = { reads: ['config', 'meta/{path}'], follows: [{ from: 'meta/{path}', at: 'current', key: 'version/{path}/{}' }] };

/** Keys that are read below `mounts/m/`, and those that travel. */
async function along(
  entries: Readonly<Record<string, string>>,
  soon: (value: object) => unknown = (value) => Promise.resolve(value),
): Promise<{ readonly read: readonly string[]; readonly sent: readonly string[] }> {
  const read: string[] = [];
  const tx = {
    read: (key: string) => {
      read.push(key);
      const value = entries[key.slice(key.indexOf('m/') + 2)];
      return soon({ movedAt: 1, value: value === undefined ? undefined : Buffer.from(value) });
    },
  };
  const world = mountWorld(tx as never, { id: 'm' } as never, undefined as never);
  const sent = await entriesAlong(world, operation, { path: 'a' });
  return { read, sent: sent.map(({ key }) => key) };
}

test('an entry that another names travels with it', async () => {
  const { sent } = await along({ 'meta/a': '{"current":7}', 'version/a/7': 'x' });
  expect(sent).toEqual(['config', 'meta/a', 'version/a/7']);
});

test('entries that are kept travel in the same order', async () => {
  const { sent } = await along({ 'meta/a': '{"current":7}', 'version/a/7': 'x' }, (value) => value);
  expect(sent).toEqual(['config', 'meta/a', 'version/a/7']);
});

test('one that is named and not there travels as that', async () => {
  expect((await along({ 'meta/a': '{"current":7}' })).sent).toEqual(['config', 'meta/a', 'version/a/7']);
});

test.each([
  ['names nothing', '{}'],
  ['is no JSON', '{'],
  ['names a key above the mount', '{"current":"../../other/meta/a"}'],
  ['names a key that no plugin may use', '{"current":"x//y"}'],
])('an entry that %s costs nothing but what it would have led to', async (_, meta) => {
  const { read, sent } = await along({ 'meta/a': meta });
  expect(sent).toEqual(['config', 'meta/a']);
  expect(read).toHaveLength(2);
});

test('an entry that is large waits until it is asked for', async () => {
  const value = 'x'.repeat(followLimits.valueBytesMax + 1);
  expect((await along({ 'meta/a': '{"current":7}', 'version/a/7': value })).sent).toEqual(['config', 'meta/a']);
});
