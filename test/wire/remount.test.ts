/** Moving mounts, as clients see it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, expectStatus, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
  for (const path of ['one', 'deep/two'])
    await expectStatus(server, { method: 'POST', path: `sys/mounts/${path}`, body: { type: 'kv-v2' } }, 204);
});
afterAll(() => server.destroy());

const call = callTo(() => server);

test.each(['POST', 'PUT'])('%s moves a mount with its secrets, at once', async (method) => {
  await call('POST', 'one/data/x', { data: { v: 1 } });
  const before = (await call('GET', 'sys/mounts/one')).json.data;
  const moved = await call(method, 'sys/remount', { from: 'one', to: '/moved/there/' });
  expect(moved).toMatchObject({ status: 200, json: { warnings: [expect.stringContaining('policies')] } });
  expect(moved.json.migration_id).toBe(moved.json.data.migration_id);
  expect((await call('GET', 'moved/there/data/x')).json.data.data).toEqual({ v: 1 });
  expect((await call('GET', 'one/data/x')).json.errors[0]).toContain('no handler for route');
  expect((await call('GET', 'sys/mounts/moved/there')).json.data).toEqual(before);
  expect((await call('GET', `sys/remount/status/${moved.json.migration_id}`)).json.data).toEqual({
    migration_id: moved.json.migration_id,
    migration_info: { source_mount: 'one/', target_mount: 'moved/there/', status: 'success' },
  });
  expect((await call('POST', 'sys/remount', { from: 'moved/there/', to: 'one/' })).status).toBe(200);
  expect((await call('GET', 'one/data/x')).status).toBe(200);
});

test('an auth method moves with its users, and the tokens of its logins end', async () => {
  await expectStatus(server, { method: 'POST', path: 'sys/auth/people', body: { type: 'userpass' } }, 204);
  await expectStatus(server, { method: 'POST', path: 'auth/people/users/ann', body: { password: 'correct horse' } }, 204);
  const login = await call('POST', 'auth/people/login/ann', { password: 'correct horse' });
  const token = login.json.auth.client_token as string;
  expect((await call('GET', 'auth/token/lookup-self', undefined, token)).status).toBe(200);
  expect((await call('POST', 'sys/remount', { from: 'auth/people', to: 'auth/staff' })).status).toBe(200);
  expect((await call('GET', 'auth/token/lookup-self', undefined, token)).status).toBe(403);
  expect((await call('GET', 'sys/auth')).json.data).toHaveProperty(['staff/']);
  expect((await call('POST', 'auth/staff/login/ann', { password: 'correct horse' })).json.auth.metadata).toEqual({ username: 'ann' });
  expect((await call('POST', 'auth/people/login/ann', { password: 'correct horse' })).status).not.toBe(200);
});

test.each([
  [{ to: 'x' }, 'from'],
  [{ from: 'one' }, 'to'],
  [{ from: '', to: 'x' }, 'field from'],
  [{ from: 'one', to: '' }, 'field to'],
  [{ from: 'none', to: 'x' }, 'no matching mount at "none/"'],
  [{ from: 'one', to: 'deep' }, 'path in use at "deep/two/"'],
  [{ from: 'one', to: 'deep/two/three' }, 'path in use at "deep/two/"'],
  [{ from: 'one', to: 'sys/x' }, 'reserved'],
  [{ from: 'one', to: 'cubbyhole' }, 'reserved'],
  [{ from: 'sys', to: 'x' }, 'reserved'],
  [{ from: 'auth/token', to: 'auth/x' }, 'reserved'],
  [{ from: 'auth/userpass', to: 'auth/token' }, 'reserved'],
  [{ from: 'one', to: 'auth/x' }, 'field to'],
  [{ from: 'auth/userpass', to: 'x' }, 'field to'],
  [{ from: 'one', to: 'a/../b' }, 'dot segment'],
])('%j is refused, and nothing moves', async (body, text) => {
  const before = (await call('GET', 'sys/mounts')).json.data;
  const refused = await call('POST', 'sys/remount', body);
  expect(refused.status).toBe(400);
  expect(refused.json.errors[0]).toContain(text);
  expect((await call('GET', 'sys/mounts')).json.data).toEqual(before);
});

test('moving needs sudo, and an unknown move is 404', async () => {
  const token = await tokenWith(server, 'mover', 'path "sys/remount*" { capabilities = ["create", "update", "read"] }');
  expect((await call('POST', 'sys/remount', { from: 'one', to: 'x' }, token)).status).toBe(403);
  expect((await call('GET', 'sys/remount/status/none', undefined, token)).status).toBe(404);
});
