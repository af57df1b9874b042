import { encodeUtf8, OpaqueJson, PluginError } from '@strongroom/sdk-plugin';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import kv from './index.ts';
import { besideMax } from './table-record.ts';

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

const sized = (bytes: number): string => `{"x":"é${'a'.repeat(bytes - 10)}"}`;
const patch = (text: string, cas?: number): Promise<unknown> =>
  mount.data('patch', 'data/a', { data: new OpaqueJson(text), options: { cas } });

describe('data', () => {
  test('a write answers its version and a read gives the value back with it', async () => {
    expect(await write('a', '{"x":1}')).toEqual(block(1));
    expect(await mount.data('read', 'data/a')).toEqual({ data: { x: 1 }, metadata: block(1) });
  });

  test('a value comes back byte for byte', async () => {
    const text = '{ "n":12345678901234567890, "f":1.0,"e":1e400,"__proto__":{"constructor":-0},"":"\\u0061" }';
    await write('a', text);
    const reply = await mount.call('read', 'data/a');
    expect(reply?.text).toContain(`{"data":${text},`);
  });

  test('an older version is read by its number; 0 is the newest', async () => {
    await write('a', '{"x":1}');
    await write('a', '{"x":2}');
    expect(await mount.data('read', 'data/a', { version: 1 })).toEqual({ data: { x: 1 }, metadata: block(1) });
    expect(await mount.data('read', 'data/a', { version: 0 })).toEqual({ data: { x: 2 }, metadata: block(2) });
  });

  test('what never was is a 404 without data', async () => {
    await write('a', '{}');
    expect(await mount.call('read', 'data/b')).toBeUndefined();
    expect(await mount.call('read', 'data/a', { version: 2 })).toBeUndefined();
  });

  test('a secret and a directory may share a name', async () => {
    await write('a', '{"x":1}');
    await write('a/1', '{"x":2}');
    await mount.call('delete', 'metadata/a/1');
    expect(await mount.data('read', 'data/a')).toMatchObject({ data: { x: 1 } });
  });

  test('a write without data is refused, null is a value', async () => {
    expect(await refusal(mount.call('update', 'data/a'))).toEqual(['invalid', 'no data provided']);
    expect(await write('a', 'null')).toEqual(block(1));
    expect(await mount.call('read', 'data/a')).not.toHaveProperty('status');
    expect(await mount.data('read', 'data/a')).toEqual({ data: null, metadata: block(1) });
  });

  test.each(['[]', '"x"', '1', 'true'])('a write of %s is refused', async (text) => {
    expect(await refusal(write('a', text))).toEqual(['invalid', 'data must be an object']);
  });

  test('a value of the most bytes is kept, one byte more is refused', async () => {
    await write('a', sized(524_288));
    expect(await refusal(write('a', sized(524_289)))).toEqual(['too-large', 'data is 524289 bytes of JSON, at most 524288 are allowed']);
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ current_version: 1 });
  });

  test('the first write is a create, later ones are updates', async () => {
    expect(mount.exists('data/a')).toBe(false);
    await write('a', '{}');
    expect(mount.exists('data/a')).toBe(true);
  });

  test('a value that is missing from storage is a fault, not a 404', async () => {
    const broken = new TestMount(kv);
    await broken.call('update', 'data/a', { data: new OpaqueJson(sized(3000)) });
    broken.put('version/a/1', undefined);
    await expect(broken.call('read', 'data/a')).rejects.toThrow('the value of a version is missing from storage');
  });
});

describe('check-and-set', () => {
  const mismatch = ['invalid', 'check-and-set parameter did not match the current version'];
  const required = ['invalid', 'check-and-set parameter required for this call'];

  test('a write goes through only with the current version; 0 means that there is none', async () => {
    expect(await refusal(write('a', '{}', 1))).toEqual(mismatch);
    await write('a', '{}', 0);
    expect(await refusal(write('a', '{}', 0))).toEqual(mismatch);
    await write('a', '{}', 1);
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ current_version: 2 });
  });

  test('the current version counts even when it is deleted or destroyed', async () => {
    await write('a', '{}');
    await mount.call('delete', 'data/a');
    expect(await refusal(write('a', '{}', 0))).toEqual(mismatch);
    await mount.call('update', 'destroy/a', { versions: [1] });
    expect(await refusal(write('a', '{}', 0))).toEqual(mismatch);
    await write('a', '{}', 1);
  });

  test.each([['config'], ['metadata/a']])('cas_required in %s refuses writes and patches without it', async (where) => {
    await write('a', '{}');
    await mount.call('update', where, { cas_required: true });
    expect(await refusal(write('a', '{}'))).toEqual(required);
    expect(await refusal(mount.call('patch', 'data/a', { data: new OpaqueJson('{}') }))).toEqual(required);
    await write('a', '{}', 1);
  });

  test('a secret cannot set cas_required of the mount back, and says so', async () => {
    await mount.call('update', 'config', { cas_required: true });
    const warnings = ['"cas_required" set to false, but is mandated by backend config. This value will be ignored.'];
    expect(await mount.call('update', 'metadata/a', { cas_required: false })).toEqual({ warnings });
    expect(await mount.call('patch', 'metadata/a', { cas_required: false })).toEqual({ warnings });
    expect(await refusal(write('a', '{}'))).toEqual(required);
  });
});

describe('patch', () => {
  test('merges into a new version and keeps numbers as they were written', async () => {
    await write('a', '{"n":1.0,"gone":1,"o":{"x":1}}');
    expect(await patch('{"gone":null,"o":{"y":2.50}}', 1)).toEqual(block(2));
    const reply = await mount.call('read', 'data/a');
    expect(reply?.text).toContain('"data":{"n":1.0,"o":{"x":1,"y":2.50}},');
    expect(await mount.data('read', 'data/a', { version: 1 })).toMatchObject({ data: { gone: 1 } });
  });

  test('of a secret that is not there is a bare 404', async () => {
    expect(await refusal(patch('{}'))).toEqual(['missing', '']);
    await mount.call('update', 'metadata/a', { max_versions: 3 });
    expect(await refusal(patch('{}'))).toEqual(['missing', '']);
  });

  test('of a deleted or destroyed version is a 404 that describes it', async () => {
    await write('a', '{}');
    await mount.call('delete', 'data/a');
    const input = { data: new OpaqueJson('{}') };
    expect(await mount.call('patch', 'data/a', input)).toEqual({ status: 404, data: block(1, { deletion_time: startText }) });
    await mount.call('update', 'destroy/a', { versions: [1] });
    expect(await mount.call('patch', 'data/a', input)).toMatchObject({ status: 404, data: { destroyed: true } });
    expect(await mount.data('read', 'metadata/a')).toMatchObject({ current_version: 1 });
  });

  test('without data, or with a wrong cas, is refused', async () => {
    await write('a', '{}');
    expect(await refusal(mount.call('patch', 'data/a'))).toEqual(['invalid', 'no data provided']);
    expect(await refusal(patch('{}', 7))).toEqual(['invalid', 'check-and-set parameter did not match the current version']);
  });

  test('that makes the value too large is refused', async () => {
    await write('a', `{"x":"${'a'.repeat(500_000)}"}`);
    expect(await refusal(patch(`{"y":"${'a'.repeat(30_000)}"}`))).toMatchObject(['too-large', expect.stringContaining('at most 524288')]);
  });
});

describe('config', () => {
  test('begins with nothing set, and a write changes only what it names', async () => {
    expect(await mount.data('read', 'config')).toEqual({ cas_required: false, delete_version_after: '0s', max_versions: 0 });
    await mount.call('update', 'config', { max_versions: 5, delete_version_after: 12_319 });
    await mount.call('update', 'config', { cas_required: true });
    expect(await mount.data('read', 'config')).toEqual({ cas_required: true, delete_version_after: '3h25m19s', max_versions: 5 });
  });
});

describe('subkeys', () => {
  test('shows keys without values, to a depth, of any version', async () => {
    await write('a', '{"old":1}');
    await write('a', '{"a":1,"b":{"c":{"d":1}}}');
    expect(await mount.data('read', 'subkeys/a')).toEqual({ subkeys: { a: null, b: { c: { d: null } } }, metadata: block(2) });
    expect(await mount.data('read', 'subkeys/a', { depth: 1 })).toMatchObject({ subkeys: { a: null, b: null } });
    expect(await mount.data('read', 'subkeys/a', { version: 1 })).toMatchObject({ subkeys: { old: null } });
  });

  test('of a deleted version is a 404 that describes it', async () => {
    await write('a', '{"x":1}');
    await mount.call('delete', 'data/a');
    expect(await mount.call('read', 'subkeys/a')).toMatchObject({ status: 404, data: { subkeys: null } });
    expect(await mount.call('read', 'subkeys/none')).toBeUndefined();
  });
});

describe('paths that a versioned mount does not have', () => {
  test.each([
    ['read', 'a/b', 'get'],
    ['read', '', 'get'],
    ['update', 'a', 'put'],
    ['list', 'a', 'list'],
    ['delete', 'a', 'delete'],
    ['patch', 'a', 'patch'],
  ] as const)('%s %s is a 404 that names vault kv %s', async (verb, path, command) => {
    expect(await mount.call(verb, path)).toEqual({
      status: 404,
      warnings: [
        `Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv ${command}' for this operation.`,
      ],
    });
  });

  test.each(['data', 'metadata', 'destroy'])('reading the root of %s is a 404 with a warning', async (path) => {
    const warnings = ['Non-listing operations on the root of a K/V v2 mount are not supported.'];
    expect(await mount.call('read', path)).toEqual({ status: 404, warnings });
  });
});

test.each(['{}', sized(3000)])('the usual read and write are one message each way', async (value) => {
  for (const expected of [1, 2]) {
    await write('a', value);
    expect(mount.trace.asked).toEqual([]);
    expect(await mount.call('read', 'data/a')).toMatchObject({ data: { metadata: { version: expected } } });
    expect(mount.trace.asked).toEqual([]);
  }
  await mount.call('read', 'data/a', { version: 1 });
  expect(mount.trace.asked).toEqual(['version/a/1']);
});

test('the newest version is stored with its table, unless it is large', async () => {
  const storedKeys = async (text: string): Promise<readonly string[]> => {
    await write('a', text);
    expect((await mount.call('read', 'data/a'))?.text).toContain(text);
    return [...mount.entries.keys()].sort();
  };
  expect(await storedKeys('{\n"x":1\n}')).toEqual(['meta/a']);
  expect(await storedKeys(sized(besideMax + 1))).toEqual(['meta/a', 'version/a/1']);
  expect(await storedKeys(sized(besideMax + 2))).toEqual(['meta/a', 'version/a/1', 'version/a/2', 'version/a/3']);
  expect(await storedKeys('{}')).toEqual(['meta/a', 'version/a/1', 'version/a/2', 'version/a/3']);
  expect((await mount.call('read', 'data/a', { version: 1 }))?.text).toContain('{\n"x":1\n}');
});

test('a table of the first format is read, and becomes one of the second when it is written', async () => {
  mount.put('meta/old', encodeUtf8('[1,1600000000000,1600000000000,1,0,0,0,0,null,[1600000000000,0,0]]'));
  mount.put('version/old/1', encodeUtf8('{"x":1}'));
  expect(await mount.data('read', 'data/old')).toMatchObject({ data: { x: 1 }, metadata: { version: 1 } });
  await mount.call('delete', 'data/old');
  await mount.call('update', 'undelete/old', { versions: [1] });
  expect(await mount.data('read', 'data/old')).toMatchObject({ data: { x: 1 }, metadata: { version: 1 } });
  expect(mount.trace.asked).toEqual([]);
});
