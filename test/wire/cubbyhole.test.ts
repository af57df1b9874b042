/** `cubbyhole/` over HTTP: storage of a token alone, which ends with it. */
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

function call(method: string, path: string, token: string | undefined, body?: unknown): Promise<RawAnswer> {
  return server.send({ method, path, token, ...(body === undefined ? {} : { body }) });
}

async function newToken(fields: object = {}, parent = server.rootToken): Promise<string> {
  const { json } = await call('POST', 'auth/token/create', parent, { policies: ['default'], ...fields });
  return json.auth.client_token as string;
}

test('what a token stores comes back as it was written, to it alone', async () => {
  const [one, other] = [await newToken(), await newToken()];
  for (const method of ['POST', 'PUT']) {
    const text = `{"m":"${method}","n":12345678901234567890,"f":1.0,"__proto__":{"x":null}}`;
    expect(await call(method, 'cubbyhole/a/b', one, text)).toMatchObject({ status: 204, text: '' });
    const { status, json, text: answer } = await call('GET', 'cubbyhole/a/b', one);
    expect([status, json.mount_type, json.lease_id]).toEqual([200, 'cubbyhole', '']);
    expect(answer).toContain(`"data":${text}`);
  }
  for (const token of [other, server.rootToken])
    expect(await call('GET', 'cubbyhole/a/b', token)).toMatchObject({ status: 404, json: { errors: [] } });
  expect((await call('GET', 'cubbyhole/a/b', undefined)).status).toBe(403);
});

test('names are listed both ways, and deleting what is there or is not is 204', async () => {
  const token = await newToken();
  for (const path of ['x', 'dir/y', 'dir/z']) await call('POST', `cubbyhole/${path}`, token, { a: 1 });
  for (const [method, path] of [
    ['LIST', 'cubbyhole'],
    ['LIST', 'cubbyhole/'],
    ['GET', 'cubbyhole/?list=true'],
  ] as const)
    expect((await call(method, path, token)).json.data.keys).toEqual(['dir/', 'x']);
  expect((await call('LIST', 'cubbyhole/dir', token)).json.data.keys).toEqual(['y', 'z']);
  expect((await call('GET', 'cubbyhole/dir?list=True', token)).json.data.keys).toEqual(['y', 'z']);
  expect((await call('DELETE', 'cubbyhole/x', token)).status).toBe(204);
  expect((await call('DELETE', 'cubbyhole/x', token)).status).toBe(204);
  expect((await call('GET', 'cubbyhole/x', token)).status).toBe(404);
  expect((await call('LIST', 'cubbyhole/x', token)).status).toBe(404);
  expect((await call('LIST', 'cubbyhole', await newToken())).status).toBe(404);
  for (const [method, path] of [
    ['LIST', 'cubbyhole'],
    ['LIST', 'cubbyhole/x'],
    ['DELETE', 'cubbyhole/x'],
  ] as const)
    expect((await call(method, path, 'hvs.unknown')).status).toBe(403);
});

test('an empty secret, one that is no object, and one that is too large are refused', async () => {
  const token = await newToken();
  expect(await call('POST', 'cubbyhole/x', token)).toMatchObject({ status: 400, json: { errors: ['missing data fields'] } });
  expect((await call('PUT', 'cubbyhole/x', token, '{}')).status).toBe(400);
  expect((await call('PUT', 'cubbyhole/x', token, '["a"]')).status).toBe(400);
  const large = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;
  expect((await call('PUT', 'cubbyhole/x', token, large(524_288))).status).toBe(204);
  expect(await call('PUT', 'cubbyhole/x', token, large(524_289))).toMatchObject({
    status: 413,
    json: { errors: [expect.stringContaining('524288')] },
  });
});

test('a batch token has no storage of its own', async () => {
  const token = await newToken({ type: 'batch', ttl: '1h' });
  for (const [method, path] of [
    ['GET', 'cubbyhole/x'],
    ['PUT', 'cubbyhole/x'],
    ['DELETE', 'cubbyhole/x'],
    ['LIST', 'cubbyhole'],
  ] as const)
    expect(await call(method, path, token, method === 'PUT' ? { a: 1 } : undefined)).toMatchObject({
      status: 400,
      json: { errors: ['cubbyhole operations are only supported by "service" type tokens'] },
    });
});

test('create and update are told apart', async () => {
  const token = await tokenWith(server, 'cubby-create', 'path "cubbyhole/n" { capabilities = ["create"] }', { no_default_policy: true });
  expect((await call('POST', 'cubbyhole/n', token, { a: 1 })).status).toBe(204);
  expect((await call('POST', 'cubbyhole/n', token, { a: 2 })).status).toBe(403);
});

test('it outlives a renewal, and ends with the token: revoked by its tree, or expired', async () => {
  const parent = await newToken({ policies: ['root'] });
  const token = await newToken({ ttl: '1h' }, parent);
  await call('POST', 'cubbyhole/x', token, { a: 1 });
  expect((await call('POST', 'auth/token/renew-self', token)).status).toBe(200);
  expect((await call('GET', 'cubbyhole/x', token)).status).toBe(200);
  expect((await call('POST', 'auth/token/revoke', server.rootToken, { token: parent })).status).toBe(204);
  expect((await call('GET', 'cubbyhole/x', token)).status).toBe(403);
  // The same text made a token again is another token.
  for (const ttl of ['1h', '2h']) {
    await call('POST', 'auth/token/create', server.rootToken, { id: 'chosen-cubby', ttl });
    expect((await call('GET', 'cubbyhole/x', 'chosen-cubby')).status).toBe(404);
    await call('POST', 'cubbyhole/x', 'chosen-cubby', { a: ttl });
    await call('POST', 'auth/token/revoke', server.rootToken, { token: 'chosen-cubby' });
  }
});

test('it is among the mounts, and nobody mounts over it', async () => {
  const token = await newToken();
  expect((await call('GET', 'sys/mounts', server.rootToken)).json.data['cubbyhole/']).toMatchObject({ type: 'cubbyhole', local: true });
  expect((await call('GET', 'sys/internal/ui/mounts', token)).json.data.secret['cubbyhole/'].type).toBe('cubbyhole');
  expect((await call('GET', 'sys/internal/ui/mounts/cubbyhole/x', token)).json.data).toMatchObject({
    path: 'cubbyhole/',
    type: 'cubbyhole',
  });
  expect((await call('POST', 'sys/mounts/cubbyhole', server.rootToken, { type: 'kv' })).status).toBe(400);
  expect((await call('POST', 'sys/mounts/cubbyhole/x', server.rootToken, { type: 'kv' })).status).toBe(400);
});
