import { OpaqueJson, PluginError } from '@strongroom/sdk-plugin';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import kv from './index.ts';

const start = 1_700_000_000_000;
const startText = '2023-11-14T22:13:20.000000000Z';
let mount: TestMount;

beforeEach(() => {
  mount = new TestMount(kv, { path: 'secret/', options: { version: '2' } });
});

const write = (path: string, text: string, cas?: number): Promise<unknown> =>
  mount.data('update', `data/${path}`, { data: new OpaqueJson(text), options: cas === undefined ? undefined : { cas } });
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof PluginError ? [error.code, error.message] : error),
  );
const block = (version: number, more: object = {}): object => ({
  created_time: startText,
  custom_metadata: null,
  deletion_time: '',
  destroyed: false,
  version,
  ...more,
});

const read = (version: number): Promise<unknown> => mount.call('read', 'data/a', { version });
const kept = async (): Promise<string[]> => {
  const data = (await mount.data('read', 'metadata/a')) as { versions: object };
  return Object.keys(data.versions);
};
/** Which entries there are, and the `n` of the value that is in each. */
const stored = (): string =>
  [...mount.entries]
    .filter(([key]) => key !== 'config')
    .map(([key, bytes]) => `${key}=${/\{"n":(\d+)/.exec(Buffer.from(bytes).toString())?.[1] ?? ''}`)
    .sort()
    .join(' ');

describe('delete, undelete, destroy', () => {
  beforeEach(async () => {
    for (const n of [1, 2, 3]) await write('a', `{"n":${n}}`);
    mount.now += 1000;
  });

  const later = '2023-11-14T22:13:21.000000000Z';

  test('DELETE hides the newest version; its metadata stays with a 404', async () => {
    await mount.call('delete', 'data/a');
    expect(await read(3)).toMatchObject({ status: 404, data: { data: null, metadata: block(3, { deletion_time: later }) } });
    expect(await read(2)).not.toHaveProperty('status');
  });

  test('a second delete leaves the first time', async () => {
    await mount.call('delete', 'data/a');
    mount.now += 1000;
    await mount.call('delete', 'data/a');
    await mount.call('update', 'delete/a', { versions: [3] });
    expect(await read(3)).toMatchObject({ data: { metadata: { deletion_time: later } } });
  });

  test('deleted versions come back by undelete, destroyed ones never', async () => {
    await mount.call('update', 'delete/a', { versions: [1, 2] });
    await mount.call('update', 'destroy/a', { versions: [2] });
    expect(await read(1)).toMatchObject({ status: 404 });
    await mount.call('update', 'undelete/a', { versions: [1, 2, 9] });
    expect(await mount.data('read', 'data/a', { version: 1 })).toMatchObject({ data: { n: 1 }, metadata: { deletion_time: '' } });
    expect(await read(2)).toMatchObject({ status: 404, data: { data: null, metadata: { destroyed: true } } });
  });

  test('destroy removes the value from storage', async () => {
    expect(stored()).toBe('meta/a=3 version/a/1=1 version/a/2=2');
    await mount.call('update', 'destroy/a', { versions: [1, 3, 3] });
    expect(stored()).toBe('meta/a= version/a/2=2');
  });

  test.each(['delete', 'undelete', 'destroy'])('%s of what is not there changes nothing, without numbers it is refused', async (name) => {
    const before = new Map(mount.entries);
    expect(await mount.call('update', `${name}/a`, { versions: [0, 4, 99] })).toBeUndefined();
    expect(await mount.call('update', `${name}/none`, { versions: [1] })).toBeUndefined();
    expect(mount.entries).toEqual(before);
    expect(await refusal(mount.call('update', `${name}/a`, { versions: [] }))).toEqual(['invalid', 'No version number provided']);
    expect(await refusal(mount.call('update', `${name}/a`))).toEqual(['invalid', 'No version number provided']);
  });

  test('DELETE of what is not there changes nothing', async () => {
    expect(await mount.call('delete', 'data/none')).toBeUndefined();
    expect(await mount.call('delete', 'metadata/none')).toBeUndefined();
    expect(mount.entries.has('meta/none')).toBe(false);
  });

  test('deleting the metadata removes every trace; a new secret starts at version 1', async () => {
    await mount.call('delete', 'metadata/a');
    expect(mount.entries.size).toBe(0);
    expect(await write('a', '{}')).toMatchObject({ version: 1 });
  });
});

describe('times to delete', () => {
  test.each([
    [0, 0, undefined],
    [60, 0, 60],
    [0, 30, 30],
    [60, 30, 30],
    [30, 60, 30],
  ])('of %i s in the mount and %i s in the secret: %s s', async (inMount, inSecret, expected) => {
    await mount.call('update', 'config', { delete_version_after: inMount });
    await mount.call('update', 'metadata/a', { delete_version_after: inSecret });
    await write('a', '{"x":1}');
    const deletion = expected === undefined ? Number.MAX_SAFE_INTEGER : start + expected * 1000;
    expect(await mount.call('read', 'data/a')).toMatchObject({ validUntil: deletion });
    if (expected === undefined) return;
    mount.now = deletion - 1;
    expect(await mount.data('read', 'data/a')).toMatchObject({ data: { x: 1 } });
    mount.now = deletion;
    expect(await mount.call('read', 'data/a')).toMatchObject({ status: 404, validUntil: Number.MAX_SAFE_INTEGER });
  });

  test('an expired version comes back for good by undelete', async () => {
    await mount.call('update', 'config', { delete_version_after: 1 });
    await write('a', '{"x":1}');
    mount.now += 5000;
    await mount.call('update', 'undelete/a', { versions: [1] });
    expect(await mount.data('read', 'data/a')).toMatchObject({ data: { x: 1 }, metadata: { deletion_time: '' } });
  });

  test('a version that would expire later can be deleted now', async () => {
    await mount.call('update', 'config', { delete_version_after: 60 });
    await write('a', '{}');
    await mount.call('delete', 'data/a');
    expect(await mount.call('read', 'data/a')).toMatchObject({ status: 404, data: { metadata: { deletion_time: startText } } });
  });

  test('a read asks the clock only when the version has a time to be deleted', async () => {
    await write('a', '{}');
    await mount.call('read', 'data/a');
    expect(mount.trace.uncacheable).toBe(false);
    await mount.call('read', 'metadata/a');
    expect(mount.trace.uncacheable).toBe(false);
  });
});

describe('max_versions', () => {
  test.each([
    [0, 0, 10],
    [3, 0, 3],
    [0, 4, 4],
    [3, 5, 5],
    [5, 2, 2],
  ])('of %i in the mount and %i in the secret keeps %i, values included', async (inMount, inSecret, expected) => {
    await mount.call('update', 'config', { max_versions: inMount });
    await mount.call('update', 'metadata/a', { max_versions: inSecret });
    for (let n = 1; n <= 12; n += 1) await write('a', `{"n":${n}}`);
    expect(await kept()).toEqual(Array.from({ length: expected }, (_, index) => String(13 - expected + index)));
    expect(stored().match(/=\d+/g)).toHaveLength(expected);
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ oldest_version: 13 - expected });
    expect(await mount.call('read', 'data/a', { version: 12 - expected })).toBeUndefined();
  });

  test('set lower, it takes effect by the next write, in one transaction', async () => {
    for (let n = 1; n <= 6; n += 1) await write('a', `{"n":${n}}`);
    await mount.call('update', 'metadata/a', { max_versions: 2 });
    expect(await kept()).toHaveLength(6);
    await write('a', '{"n":7}');
    expect(await kept()).toEqual(['6', '7']);
    expect(stored()).toBe('meta/a=7 version/a/6=6');
  });

  test('oldest_version is 0 until the table is full', async () => {
    await mount.call('update', 'config', { max_versions: 2 });
    await write('a', '{}');
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ oldest_version: 0 });
    await write('a', '{}');
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ oldest_version: 1 });
  });
});
