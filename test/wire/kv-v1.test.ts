/** KV version 1 as its clients see it, and its upgrade to version 2. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, expectStatus, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/old', body: { type: 'kv' } }, 204);
});
afterAll(() => server.destroy());

const call = callTo(() => server);

test('a secret is whatever fields are sent, by POST and PUT, and its lease lasts as long as the mount says', async () => {
  expect(await call('POST', 'old/app/db', { user: 'a', port: 1 })).toMatchObject({ status: 204, text: '' });
  expect((await call('GET', 'old/app/db')).json).toMatchObject({
    lease_id: '',
    renewable: false,
    lease_duration: 2_764_800,
    data: { user: 'a', port: 1 },
    warnings: null,
    mount_type: 'kv',
  });
  expect((await call('PUT', 'old/app/db', { user: 'b' })).status).toBe(204);
  expect((await call('GET', 'old/app/db')).json.data).toEqual({ user: 'b' });
  for (const method of ['DELETE', 'DELETE']) expect((await call(method, 'old/app/db')).status).toBe(204);
  expect(await call('GET', 'old/app/db')).toMatchObject({ status: 404, json: { errors: [] } });
});

test('any path is a secret, those that version 2 gives a meaning as well', async () => {
  for (const path of ['config', 'data/x', 'metadata/x', 'destroy/x'])
    expect((await call('POST', `old/${path}`, { at: path })).status).toBe(204);
  expect((await call('GET', 'old/data/x')).json.data).toEqual({ at: 'data/x' });
  for (const [method, query] of [
    ['LIST', ''],
    ['GET', '?list=true'],
  ] as const)
    expect((await call(method, `old/metadata${query}`)).json).toMatchObject({ data: { keys: ['x'] }, lease_duration: 0 });
  expect((await call('LIST', 'old')).json.data.keys).toEqual(['config', 'data/', 'destroy/', 'metadata/']);
  expect((await call('SCAN', 'old')).json.data.keys).toEqual(['config', 'data/x', 'destroy/x', 'metadata/x']);
  expect((await call('SCAN', 'old/data')).json.data.keys).toEqual(['x']);
  expect(await call('LIST', 'old/nothing')).toMatchObject({ status: 404, json: { errors: [] } });
  expect(await call('SCAN', 'old/nothing')).toMatchObject({ status: 404, json: { errors: [] } });
});

test('user JSON comes back as it was written', async () => {
  const text = '{"big":12345678901234567890,"one":1.0,"huge":1e400,"__proto__":{"x":1},"":"empty","u":"\\u00e9"}';
  expect((await call('POST', 'old/as-written', text)).status).toBe(204);
  expect((await call('GET', 'old/as-written')).text).toContain(`"data":${text}`);
});

test('the field ttl says how long the lease lasts, up to the maximum of the mount', async () => {
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/short', body: { type: 'kv-v1', config: { max_lease_ttl: '2h' } } }, 204);
  await call('POST', 'short/a', { ttl: '30m' });
  await call('POST', 'short/b', { ttl: '5h' });
  for (const from of ['handler', 'cache']) {
    expect([from, (await call('GET', 'short/a')).json.lease_duration]).toEqual([from, 1800]);
    const long = await call('GET', 'short/b');
    expect([from, long.json.lease_duration, long.json.warnings?.length]).toEqual([from, 7200, 1]);
  }
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/short/tune', body: { max_lease_ttl: '1h' } }, 204);
  expect((await call('GET', 'short/b')).json.lease_duration).toBe(3600);
});

test.each([
  ['POST', 'old/refused', 400, 'missing data fields', {}],
  ['PUT', 'old/refused', 400, 'missing data fields', undefined],
  ['POST', 'old/refused', 400, 'error parsing JSON', '{"a":'],
  ['POST', 'old/refused', 400, 'expected a JSON object', '[1]'],
  ['POST', 'old/refused', 413, 'at most 524288', { a: 'x'.repeat(600_000) }],
  ['POST', 'old', 405, 'unsupported operation', { a: 1 }],
  ['GET', 'old', 405, 'unsupported operation', undefined],
  ['PATCH', 'old/refused', 405, 'unsupported operation', { a: 1 }],
  ['POST', 'old/a//b', 400, 'empty segment', { a: 1 }],
] as const)('%s %s can be refused: %d %s', async (method, path, status, text, body) => {
  const headers = method === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json' } : {};
  const answer = await server.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
  expect(answer.status).toBe(status);
  expect(answer.json.errors[0]).toContain(text);
  expect((await call('GET', 'old/refused')).status).toBe(404);
});

test('a write is a create or an update, as policies see it', async () => {
  const token = await tokenWith(server, 'creator', 'path "old/once/*" { capabilities = ["create"] }');
  expect((await call('POST', 'old/once/a', { x: 1 }, token)).status).toBe(204);
  expect((await call('POST', 'old/once/a', { x: 2 }, token)).status).toBe(403);
  for (const method of ['GET', 'DELETE', 'LIST', 'SCAN']) expect((await call(method, 'old/once/a', undefined, token)).status).toBe(403);
  for (const method of ['LIST', 'SCAN']) expect((await call(method, 'old', undefined, token)).status).toBe(403);
});

test.each([
  [{ type: 'kv' }, 'kv', null],
  [{ type: 'kv', options: { version: 1 } }, 'kv', { version: '1' }],
  [{ type: 'kv-v1' }, 'kv', { version: '1' }],
  [{ type: 'generic' }, 'generic', null],
  [{ type: 'kv', options: { version: 2 } }, 'kv', { version: '2' }],
  [{ type: 'kv-v2' }, 'kv', { version: '2' }],
])('a mount of %j is listed as type %s with options %j', async (body, type, options) => {
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/listed', body }, 204);
  expect((await call('GET', 'sys/mounts')).json.data['listed/']).toMatchObject({ type, options });
  expect((await call('GET', 'sys/internal/ui/mounts/listed/x')).json.data).toMatchObject({ type, options });
  await call('DELETE', 'sys/mounts/listed');
});

test('a version that there is not is refused', async () => {
  const answer = await call('POST', 'sys/mounts/listed', { type: 'kv', options: { version: '3' } });
  expect(answer).toMatchObject({ status: 400, json: { errors: ['field options.version: must be one of 2, 1 for type kv'] } });
});

test('a mount is upgraded to version 2 with all its secrets, and not back', async () => {
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/up', body: { type: 'kv' } }, 204);
  await call('POST', 'up/a/b', '{"n":12345678901234567890}');
  await call('POST', 'up/c', { x: 1 });
  expect((await call('POST', 'sys/mounts/up/tune', { options: { version: '2' } })).status).toBe(204);
  expect((await call('GET', 'sys/mounts/up/tune')).json.data.options).toEqual({ version: '2' });
  expect((await call('LIST', 'up/metadata')).json.data.keys).toEqual(['a/', 'c']);
  const read = await call('GET', 'up/data/a/b');
  expect(read.text).toContain('"data":{"n":12345678901234567890}');
  expect(read.json.data.metadata.version).toBe(1);
  expect((await call('POST', 'up/data/a/b', { data: { n: 2 }, options: { cas: 1 } })).json.data.version).toBe(2);
  expect((await call('GET', 'up/a/b')).json.warnings[0]).toContain('Invalid path for a versioned K/V secrets engine');
  expect(await call('POST', 'sys/mounts/up/tune', { options: { version: '1' } })).toMatchObject({
    status: 400,
    json: { errors: ["field options.version: a mount of type kv can't be changed from 2 to 1"] },
  });
  expect((await call('GET', 'up/data/a/b?version=1')).text).toContain('12345678901234567890');
});
