import { OpaqueJson, PluginError } from '@strongroom/sdk-plugin';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import kv from './index.ts';

const startText = '2023-11-14T22:13:20.000000000Z';
let mount: TestMount;

beforeEach(() => {
  mount = new TestMount(kv, { path: 'secret/', options: { version: '2' } });
});

const write = (path: string): Promise<unknown> => mount.call('update', `data/${path}`, { data: new OpaqueJson('{}') });
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof PluginError ? [error.code, error.message] : error),
  );
const custom = async (): Promise<unknown> => ((await mount.data('read', 'metadata/a')) as { custom_metadata: unknown }).custom_metadata;

const set = (map: Record<string, string>): Promise<unknown> => mount.call('update', 'metadata/a', { custom_metadata: map });
const manyKeys = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, '']));
const keys = async (verb: 'list' | 'scan', path: string, page = {}): Promise<unknown> =>
  ((await mount.data(verb, path, page)) as { keys: unknown } | undefined)?.keys;

describe('metadata', () => {
  test('describes versions and settings', async () => {
    await write('a');
    mount.now += 60_000;
    await write('a');
    await mount.call('update', 'delete/a', { versions: [1] });
    const second = '2023-11-14T22:14:20.000000000Z';
    expect(await mount.data('read', 'metadata/a')).toEqual({
      cas_required: false,
      created_time: startText,
      current_version: 2,
      custom_metadata: null,
      delete_version_after: '0s',
      max_versions: 0,
      oldest_version: 0,
      updated_time: second,
      versions: {
        1: { created_time: startText, deletion_time: second, destroyed: false },
        2: { created_time: second, deletion_time: '', destroyed: false },
      },
    });
    expect(await mount.call('read', 'metadata/none')).toBeUndefined();
  });

  test('can be written before the first version, which keeps it', async () => {
    await mount.call('update', 'metadata/a', { max_versions: 3, custom_metadata: { owner: 'x' } });
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ current_version: 0, max_versions: 3, versions: {} });
    expect(await mount.call('read', 'data/a')).toBeUndefined();
    await write('a');
    expect(await mount.data('read', 'data/a')).toMatchObject({ metadata: { version: 1, custom_metadata: { owner: 'x' } } });
  });

  test('a write that names nothing makes nothing', async () => {
    expect(await mount.call('update', 'metadata/a')).toBeUndefined();
    expect(mount.entries.size).toBe(0);
  });

  test('a write changes only what it names, custom metadata as a whole', async () => {
    await mount.call('update', 'metadata/a', { max_versions: 3, cas_required: true, custom_metadata: { b: '1', a: '2' } });
    await mount.call('update', 'metadata/a', { delete_version_after: 90, custom_metadata: { c: '3' } });
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ max_versions: 3, cas_required: true, delete_version_after: '1m30s' });
    expect(await custom()).toEqual({ c: '3' });
    await mount.call('update', 'metadata/a', { custom_metadata: {} });
    expect(await custom()).toBeNull();
  });

  test('a patch merges: null sets back or removes', async () => {
    await mount.call('update', 'metadata/a', {
      max_versions: 3,
      cas_required: true,
      delete_version_after: 5,
      custom_metadata: { a: '1', b: '2' },
    });
    const patch = new OpaqueJson('{"a":null,"c":"3"}');
    await mount.call('patch', 'metadata/a', { max_versions: null, cas_required: null, custom_metadata: patch });
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ max_versions: 0, cas_required: false, delete_version_after: '5s' });
    expect(await custom()).toEqual({ b: '2', c: '3' });
    await mount.call('patch', 'metadata/a', { delete_version_after: null, custom_metadata: new OpaqueJson('null') });
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ delete_version_after: '0s', custom_metadata: null });
  });

  test('a patch takes numbers and truth values as text, as a write does', async () => {
    await write('a');
    await mount.call('patch', 'metadata/a', { custom_metadata: new OpaqueJson('{"n":1.0,"b":true}') });
    expect(await custom()).toEqual({ b: 'true', n: '1.0' });
  });

  test('a patch of what is not there is a bare 404', async () => {
    expect(await refusal(mount.call('patch', 'metadata/a', { max_versions: 1 }))).toEqual(['missing', '']);
  });
});

describe('custom metadata', () => {
  test('is kept at every bound', async () => {
    await set(manyKeys(64));
    await set({ ['é'.repeat(64)]: 'é'.repeat(256) });
    expect(await custom()).toEqual({ ['é'.repeat(64)]: 'é'.repeat(256) });
  });

  test('takes __proto__ as a key like others', async () => {
    await set(JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>);
    expect(Object.entries((await custom()) as object)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  test.each([
    [manyKeys(65), 'payload must contain at most 64 keys, provided 65'],
    [{ '': 'x' }, 'length of key must be at least 1 byte'],
    [{ ['é'.repeat(64) + 'a']: '' }, 'length of key is 129 bytes but at most 128 are allowed'],
    [{ a: 'é'.repeat(256) + 'a' }, 'length of value is 513 bytes but at most 512 are allowed'],
    [{ 'a\n': '' }, 'key contains unprintable characters'],
    [{ a: 'x\u0000' }, 'value contains unprintable characters'],
  ])('is refused one past a bound (%#)', async (map, message) => {
    await write('a');
    const error = ['invalid', `custom_metadata validation failed: ${message}`];
    expect(await refusal(set(map))).toEqual(error);
    expect(await refusal(mount.call('patch', 'metadata/a', { custom_metadata: new OpaqueJson(JSON.stringify(map)) }))).toEqual(error);
  });

  test.each([
    ['[]', 'payload must be an object'],
    ['"x"', 'payload must be an object'],
    ['{"a":[1]}', 'values must be strings'],
    ['{"a":{}}', 'values must be strings'],
  ])('a patch of %s is refused', async (text, message) => {
    await write('a');
    const error = ['invalid', `custom_metadata validation failed: ${message}`];
    expect(await refusal(mount.call('patch', 'metadata/a', { custom_metadata: new OpaqueJson(text) }))).toEqual(error);
  });
});

describe('listing', () => {
  const paths = ['a', 'a-b', 'a/b', 'a/b/c', 'a/c', 'b/x', 'c'];

  beforeEach(async () => {
    for (const path of paths) await write(path);
  });

  test.each(['metadata', 'metadata/', 'detailed-metadata', 'detailed-metadata/'])('LIST %s shows the root', async (path) => {
    expect(await keys('list', path)).toEqual(['a', 'a-b', 'a/', 'b/', 'c']);
  });

  test.each(['metadata/a', 'metadata/a/', 'detailed-metadata/a/'])('LIST %s shows a directory', async (path) => {
    expect(await keys('list', path)).toEqual(['b', 'b/', 'c']);
  });

  test('SCAN shows everything below, in order', async () => {
    expect(await keys('scan', 'metadata/')).toEqual(paths);
    expect(await keys('scan', 'detailed-metadata/a')).toEqual(['b', 'b/c', 'c']);
  });

  test.each([1, 2, 3, 7, 8])('pages of %i put together are the whole', async (limit) => {
    for (const verb of ['list', 'scan'] as const) {
      const whole: string[] = [];
      for (;;) {
        const page = await keys(verb, 'metadata/', { after: whole.at(-1), limit });
        if (page === undefined) break;
        expect((page as string[]).length).toBeLessThanOrEqual(limit);
        whole.push(...(page as string[]));
      }
      expect(whole).toEqual(await keys(verb, 'metadata/'));
    }
  });

  test('limit 0 is no limit, and an empty directory is a 404', async () => {
    expect(await keys('list', 'metadata/', { limit: 0 })).toHaveLength(5);
    expect(await mount.call('list', 'metadata/none')).toBeUndefined();
    expect(await mount.call('scan', 'metadata/c')).toBeUndefined();
    expect(await mount.call('list', 'detailed-metadata/none')).toBeUndefined();
  });

  test('detailed listings describe secrets, not directories', async () => {
    const list = (await mount.data('list', 'detailed-metadata/a')) as { key_info: Record<string, object> };
    expect(Object.keys(list.key_info)).toEqual(['b', 'c']);
    expect(list.key_info['b']).toEqual(await mount.data('read', 'metadata/a/b'));
    const scan = (await mount.data('scan', 'detailed-metadata/')) as { key_info: Record<string, object> };
    expect(Object.keys(scan.key_info)).toEqual(paths);
  });

  test('a deleted secret is listed until its metadata is deleted', async () => {
    await mount.call('delete', 'data/c');
    expect(await keys('list', 'metadata/')).toContain('c');
    await mount.call('delete', 'metadata/c');
    expect(await keys('list', 'metadata/')).not.toContain('c');
  });
});
