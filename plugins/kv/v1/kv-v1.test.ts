import { OpaqueJson, PluginError } from '@strongroom/sdk-plugin';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { engineContract } from '@strongroom/sdk-plugin/testing/engine-contract';
import { beforeEach, describe, expect, test } from 'vitest';
import kv from '../index.ts';
import kvV1 from './index.ts';

let mount: TestMount;

beforeEach(() => {
  mount = new TestMount(kvV1, { path: 'old/', options: {} });
});

const write = (path: string, text: string): Promise<unknown> => {
  const fields = JSON.parse(text) as Record<string, unknown>;
  const verbatim = Object.keys(fields).map((name): [string, OpaqueJson] => [name, new OpaqueJson(JSON.stringify(fields[name]))]);
  return mount.call('update', path, Object.fromEntries(verbatim));
};

engineContract(kvV1, {
  examples: [
    { verb: 'update', path: 'a/b', input: { user: 'x', port: 1, ttl: '1h' } },
    { verb: 'update', path: 'a/b', refused: 'invalid' },
    { verb: 'read', path: 'a/b', data: { user: 'x', port: 1, ttl: '1h' } },
    { verb: 'update', path: 'data/config', input: { any: 'path' } },
    { verb: 'list', path: '', data: { keys: ['a/', 'data/'] } },
    { verb: 'list', path: 'a/', data: { keys: ['b'] } },
    { verb: 'scan', path: '', data: { keys: ['a/b', 'data/config'] } },
    { verb: 'scan', path: 'a/', data: { keys: ['b'] } },
    { verb: 'delete', path: 'a/b' },
    { verb: 'delete', path: 'a/b' },
    { verb: 'read', path: 'a/b' },
    { verb: 'list', path: 'a/' },
  ],
});

describe('the lease duration of a read', () => {
  test.each([
    ['{"ttl":"1h"}', 3600],
    ['{"ttl":90}', 90],
    ['{"ttl":"90"}', 90],
    ['{"lease":"2m"}', 120],
    ['{"ttl":"1m","lease":"2m"}', 60],
    ['{"ttl":"soon"}', 0],
    ['{"ttl":-5}', 0],
    ['{"ttl":true}', 0],
    ['{"ttl":{"x":1}}', 0],
    ['{"x":"ttl"}', 0],
  ])('%s is %d', async (text, seconds) => {
    await write('a', text);
    expect(await mount.call('read', 'a')).toMatchObject({ leaseDuration: seconds, data: JSON.parse(text) as object });
  });
});

test.each(['{}', 'null'])('a write of %s is refused', async (text) => {
  await expect(mount.call('update', 'a', text === '{}' ? {} : undefined)).rejects.toThrow(
    new PluginError('invalid', 'missing data fields'),
  );
  expect(await mount.call('read', 'a')).toBeUndefined();
});

test('a write takes the place of the one before', async () => {
  await write('a', '{"x":1,"y":2}');
  await write('a', '{"z":3}');
  expect(await mount.data('read', 'a')).toEqual({ z: 3 });
});

test('a read costs one message each way', async () => {
  await write('a', '{"x":1}');
  await mount.call('read', 'a');
  expect(mount.trace.asked).toEqual([]);
});

test('what version 1 wrote, version 2 serves as its first version', async () => {
  await write('a/b', '{"x":12345678901234567890}');
  const upgraded = new TestMount(kv, { path: 'old/', options: { version: '2' } });
  for (const [key, value] of mount.entries) upgraded.put(key, value);
  expect(await upgraded.data('read', 'data/a/b')).toMatchObject({ data: { x: 12345678901234567000 }, metadata: { version: 1 } });
});
