/** KV version 2 as its clients see it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

const mergePatch = { 'Content-Type': 'application/merge-patch+json' };

function call(method: string, path: string, body?: unknown, token: string = server.rootToken): Promise<RawAnswer> {
  return server.send({
    method,
    path: `secret/${path}`,
    token,
    ...(body === undefined ? {} : { body }),
    ...(method === 'PATCH' ? { headers: mergePatch } : {}),
  });
}

test('a secret is written by POST and PUT, and read with its metadata', async () => {
  const first = await call('POST', 'data/app/db', { data: { user: 'a' } });
  expect(first.json.data).toEqual({
    version: 1,
    created_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    custom_metadata: null,
    deletion_time: '',
    destroyed: false,
  });
  expect(first.json).toMatchObject({ lease_id: '', renewable: false, lease_duration: 0, mount_type: 'kv' });
  expect((await call('PUT', 'data/app/db', { data: { user: 'b' }, options: { cas: 1 } })).json.data.version).toBe(2);
  expect((await call('GET', 'data/app/db')).json.data).toMatchObject({ data: { user: 'b' }, metadata: { version: 2 } });
  expect((await call('GET', 'data/app/db?version=1')).json.data.data).toEqual({ user: 'a' });
  expect(await call('GET', 'data/app/none')).toMatchObject({ status: 404, json: { errors: [] } });
  expect(await call('GET', 'data/app/db?version=9')).toMatchObject({ status: 404 });
});

test('user JSON comes back as it was written', async () => {
  const text = '{"big":12345678901234567890,"one":1.0,"huge":1e400,"__proto__":{"x":1},"constructor":"c","":"empty","u":"\\u00e9"}';
  expect((await call('POST', 'data/as-written', `{"data":${text}}`)).status).toBe(200);
  expect((await call('GET', 'data/as-written')).text).toContain(`"data":${text}`);
});

test.each([
  [{}, 'no data provided'],
  [{ data: 7 }, 'data'],
  [{ data: {}, options: { cas: 99 } }, 'check-and-set parameter did not match the current version'],
  [{ data: {}, options: { cas: 'x' } }, 'options.cas'],
  ['{"data":{"a":', 'error parsing JSON'],
  ['[1]', 'expected a JSON object'],
])('a write that cannot be is 400 and changes nothing: %j', async (body, text) => {
  const { status, json } = await call('POST', 'data/refused', body);
  expect(status).toBe(400);
  expect(json.errors[0]).toContain(text);
  expect((await call('GET', 'data/refused')).status).toBe(404);
});

test('data of null is a version, and a write of cas 0 only creates', async () => {
  expect((await call('POST', 'data/null', { data: null })).status).toBe(200);
  expect((await call('POST', 'data/cas', { data: { a: 1 }, options: { cas: 0 } })).status).toBe(200);
  expect((await call('POST', 'data/cas', { data: { a: 2 }, options: { cas: 0 } })).status).toBe(400);
});

test('a patch merges, needs its media type, and finds nothing where nothing is', async () => {
  await call('POST', 'data/patched', { data: { keep: 1, drop: 2 } });
  expect((await call('PATCH', 'data/patched', { data: { drop: null, add: 3 } })).json.data.version).toBe(2);
  expect((await call('GET', 'data/patched')).json.data.data).toEqual({ keep: 1, add: 3 });
  expect(await call('PATCH', 'data/nothing', { data: {} })).toMatchObject({ status: 404, json: { errors: [] } });
  expect((await server.send({ method: 'PATCH', path: 'secret/data/patched', body: { data: {} } })).status).toBe(415);
  expect((await call('PATCH', 'data/patched', { data: {}, options: { cas: 1 } })).status).toBe(400);
});

test('versions are deleted, undeleted and destroyed, and a deleted one is 404 with its metadata', async () => {
  for (let n = 1; n <= 3; n++) await call('POST', 'data/life', { data: { n } });
  expect(await call('DELETE', 'data/life')).toMatchObject({ status: 204, text: '' });
  const gone = await call('GET', 'data/life');
  expect(gone).toMatchObject({ status: 404, json: { data: { data: null, metadata: { version: 3, destroyed: false } } } });
  expect(gone.json.data.metadata.deletion_time).not.toBe('');
  expect((await call('POST', 'delete/life', { versions: [1, 2] })).status).toBe(204);
  expect((await call('PUT', 'undelete/life', { versions: '1,3' })).status).toBe(204);
  expect((await call('GET', 'data/life')).json.data.data).toEqual({ n: 3 });
  expect((await call('POST', 'destroy/life', { versions: [3, 77] })).status).toBe(204);
  expect(await call('GET', 'data/life')).toMatchObject({ status: 404, json: { data: { metadata: { destroyed: true } } } });
  expect((await call('POST', 'undelete/life', { versions: [3] })).status).toBe(204);
  expect((await call('GET', 'data/life')).status).toBe(404);
  for (const path of ['delete/life', 'undelete/life', 'destroy/life']) {
    expect((await call('POST', path, {})).status).toBe(400);
    expect((await call('POST', path, { versions: ['x'] })).status).toBe(400);
  }
  for (const path of ['delete/none', 'undelete/none', 'destroy/none'])
    expect((await call('POST', path, { versions: [1] })).status).toBe(204);
  expect((await call('DELETE', 'data/none')).status).toBe(204);
});

test('metadata is written, patched, read and deleted with the secret', async () => {
  expect(
    (await call('POST', 'metadata/meta', { max_versions: 2, custom_metadata: { owner: 'me' }, delete_version_after: '1h' })).status,
  ).toBe(204);
  for (let n = 1; n <= 3; n++) await call('POST', 'data/meta', { data: { n } });
  const { data } = (await call('GET', 'metadata/meta')).json;
  expect(data).toMatchObject({
    current_version: 3,
    oldest_version: 2,
    max_versions: 2,
    cas_required: false,
    delete_version_after: '1h0m0s',
    custom_metadata: { owner: 'me' },
  });
  expect(Object.keys(data.versions as object)).toEqual(['2', '3']);
  expect((await call('PATCH', 'metadata/meta', { custom_metadata: { owner: null, team: 'red' }, cas_required: true })).status).toBe(204);
  expect((await call('GET', 'metadata/meta')).json.data).toMatchObject({ cas_required: true, custom_metadata: { team: 'red' } });
  expect((await call('POST', 'data/meta', { data: {} })).json.errors[0]).toContain('check-and-set parameter required');
  expect((await call('POST', 'metadata/meta', { max_versions: 'x' })).status).toBe(400);
  expect((await call('PATCH', 'metadata/none', { max_versions: 1 })).status).toBe(404);
  expect((await call('DELETE', 'metadata/meta')).status).toBe(204);
  expect((await call('GET', 'metadata/meta')).status).toBe(404);
  expect((await call('GET', 'data/meta')).status).toBe(404);
});

test('subkeys show keys without values, to the depth asked for', async () => {
  await call('POST', 'data/sub', { data: { a: { b: { c: 1 } }, d: 'x' } });
  expect((await call('GET', 'subkeys/sub')).json.data.subkeys).toEqual({ a: { b: { c: null } }, d: null });
  expect((await call('GET', 'subkeys/sub?depth=1')).json.data.subkeys).toEqual({ a: null, d: null });
  expect((await call('GET', 'subkeys/sub?depth=x')).status).toBe(400);
  expect((await call('GET', 'subkeys/none')).status).toBe(404);
});

test('the settings of the mount are read and written', async () => {
  expect((await call('POST', 'config', { max_versions: 7, delete_version_after: '0s' })).status).toBe(204);
  expect((await call('GET', 'config')).json.data).toEqual({ cas_required: false, delete_version_after: '0s', max_versions: 7 });
  expect((await call('POST', 'config', { max_versions: -1 })).status).toBe(400);
});

test('listings come both ways, by pages, deep, and with metadata', async () => {
  for (const name of ['tree/a', 'tree/b/c', 'tree/b/d', 'tree/e']) await call('POST', `data/${name}`, { data: {} });
  const keys = { keys: ['a', 'b/', 'e'] };
  for (const [method, path] of [
    ['LIST', 'metadata/tree'],
    ['LIST', 'metadata/tree/'],
    ['GET', 'metadata/tree?list=true'],
    ['GET', 'metadata/tree/?list=True'],
    ['GET', 'metadata/tree?list=1'],
  ] as const)
    expect([method, path, (await call(method, path)).json.data]).toEqual([method, path, keys]);
  expect((await call('LIST', 'metadata/tree?limit=1&after=a')).json.data.keys).toEqual(['b/']);
  expect((await call('SCAN', 'metadata/tree')).json.data.keys).toEqual(['a', 'b/c', 'b/d', 'e']);
  expect((await call('GET', 'metadata/tree?scan=true')).json.data.keys).toEqual(['a', 'b/c', 'b/d', 'e']);
  for (const method of ['LIST', 'SCAN']) {
    expect((await call(method, 'metadata')).json.data.keys).toEqual(expect.arrayContaining([method === 'LIST' ? 'tree/' : 'tree/b/c']));
    expect((await call(method, 'detailed-metadata')).status).toBe(200);
    expect((await call(method, 'detailed-metadata/tree')).json.data.key_info).toHaveProperty('a');
    expect((await call(method, 'metadata/nothing')).status).toBe(404);
  }
  expect(await call('GET', 'metadata/tree?list=maybe')).toMatchObject({ status: 400, json: { errors: [] } });
  expect((await call('LIST', 'metadata/tree?limit=x')).status).toBe(400);
  expect((await call('GET', 'metadata/tree?list=false')).status).toBe(404);
});

test('paths that only a version 1 mount has, and the root of an endpoint, are 404 with a hint', async () => {
  for (const path of ['', 'plain/path', 'metadata']) {
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE', ...(path === 'metadata' ? [] : ['LIST', 'SCAN'])]) {
      const { status, json } = await call(method, path === '' ? '' : path, method === 'POST' || method === 'PATCH' ? {} : undefined);
      expect([method, path, status]).toEqual([method, path, 404]);
      expect(json.warnings).toHaveLength(1);
    }
  }
});

test('create and update are told apart by whether the secret is there', async () => {
  const token = await tokenWith(server, 'create-only', 'path "secret/data/once/*" { capabilities = ["create"] }');
  expect((await call('POST', 'data/once/x', { data: {} }, token)).status).toBe(200);
  expect((await call('POST', 'data/once/x', { data: {} }, token)).status).toBe(403);
  const updater = await tokenWith(server, 'update-only', 'path "secret/data/once/*" { capabilities = ["update"] }');
  expect((await call('PUT', 'data/once/x', { data: {} }, updater)).status).toBe(200);
  expect((await call('PUT', 'data/once/y', { data: {} }, updater)).status).toBe(403);
});

test('a form is a body too, and curl says form of the JSON that it sends', async () => {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const form = await server.send({ method: 'POST', path: 'secret/config', headers, body: 'max_versions=5&cas_required=false' });
  expect(form.status).toBe(204);
  expect((await call('GET', 'config')).json.data.max_versions).toBe(5);
  const curl = await server.send({ method: 'POST', path: 'secret/data/curl', headers, body: '{"data":{"a":1}}' });
  expect(curl.status).toBe(200);
  const twice = await server.send({ method: 'POST', path: 'sys/capabilities-self', headers, body: 'path=a&path=b' });
  expect(twice.status).toBe(400);
});
