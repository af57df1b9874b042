/** What can be mounted, its workers made new, and the namespaces that there are not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

const call = callTo(() => server);

test('the catalog names what a mount can give as its type', async () => {
  const { data } = (await call('GET', 'sys/plugins/catalog')).json;
  expect(data).toMatchObject({ secret: ['generic', 'kv'], auth: ['userpass'], database: [] });
  expect(data.detailed).toContainEqual({
    name: 'kv',
    type: 'secret',
    version: expect.stringMatching(/^v\d+\.\d+\.\d+$/),
    builtin: true,
    sha256: '',
    deprecation_status: 'supported',
  });
  for (const [method, query] of [
    ['LIST', ''],
    ['GET', '?list=true'],
  ] as const)
    expect((await call(method, `sys/plugins/catalog/secret${query}`)).json.data.keys).toEqual(['generic', 'kv']);
  expect((await call('LIST', 'sys/plugins/catalog/other')).status).toBe(400);
  expect((await call('GET', 'sys/plugins/catalog/auth/userpass')).json.data).toMatchObject({ name: 'userpass', builtin: true, args: [] });
  expect((await call('GET', 'sys/plugins/catalog/auth/none')).status).toBe(404);
  for (const method of ['POST', 'PUT', 'DELETE'])
    expect((await call(method, 'sys/plugins/catalog/secret/own', {})).json.errors[0]).toContain('config file');
});

test('no version is pinned, and none can be', async () => {
  expect((await call('GET', 'sys/plugins/pins')).json.data).toEqual({ pinned_versions: [] });
  expect((await call('GET', 'sys/plugins/pins/secret/kv')).status).toBe(404);
  expect((await call('POST', 'sys/plugins/pins/secret/kv', { version: '1.0.0' })).status).toBe(400);
  expect((await call('DELETE', 'sys/plugins/pins/secret/kv')).status).toBe(204);
});

test('a plugin gets new workers while it is asked, and no request notices', async () => {
  await call('POST', 'secret/data/x', { data: { v: 1 } });
  const statuses = new Set<number>();
  // A connection answers one request after another.
  const write = async (_: unknown, number: number): Promise<void> => {
    const connection = server.connect();
    for (let n = 0; n < 15; n++)
      statuses.add(
        (await connection.send({ method: 'POST', path: `secret/data/x${number}`, body: { data: { n } }, token: server.rootToken })).status,
      );
    connection.close();
  };
  const reload = async (): Promise<void> => {
    for (const [method, body] of [
      ['PUT', { plugin: 'kv' }],
      ['POST', { mounts: 'secret/' }],
      ['POST', { plugin: 'kv' }],
    ] as const)
      statuses.add((await call(method, 'sys/plugins/reload/backend', body)).status);
  };
  await Promise.all([...Array.from({ length: 20 }, write), reload()]);
  expect(statuses).toEqual(new Set([200, 204]));
  await call('POST', 'secret/data/x', { data: { v: 2 } });
  expect((await call('GET', 'sys/plugins/status')).json.data.plugins.kv).toMatchObject({ state: 'healthy', restarts: 0 });
});

test.each([
  [{}, 'one of plugin and mounts'],
  [{ plugin: 'kv', mounts: ['secret'] }, 'one of plugin and mounts'],
  [{ plugin: 'none' }, 'no mount uses a plugin'],
  [{ mounts: ['nowhere'] }, 'no mount at nowhere'],
])('reloading %j is refused', async (body, text) => {
  const refused = await call('POST', 'sys/plugins/reload/backend', body);
  expect([refused.status, refused.json.errors[0]]).toEqual([400, expect.stringContaining(text)]);
});

test('there is the root namespace alone', async () => {
  expect((await call('LIST', 'sys/namespaces')).status).toBe(404);
  expect((await call('GET', 'sys/namespaces/team')).status).toBe(404);
  for (const method of ['POST', 'PUT']) expect((await call(method, 'sys/namespaces/team')).json.errors[0]).toContain('root namespace only');
  expect(await call('DELETE', 'sys/namespaces/team')).toMatchObject({ status: 200, json: { warnings: [expect.any(String)] } });
});

test('there are no OIDC providers, which is said to whoever looks, and to whoever would make one', async () => {
  expect((await call('GET', 'sys/mounts')).json.data['identity/']).toMatchObject({ type: 'identity' });
  for (const kind of ['provider', 'key', 'role']) {
    expect((await call('LIST', `identity/oidc/${kind}`)).status).toBe(404);
    expect((await call('GET', `identity/oidc/${kind}/x`)).status).toBe(404);
    expect((await call('DELETE', `identity/oidc/${kind}/x`)).status).toBe(204);
    for (const method of ['POST', 'PUT'])
      expect((await call(method, `identity/oidc/${kind}/x`, {})).json.errors[0]).toContain('none can be made');
  }
});

test.each([
  ['LIST', 'identity/oidc/key'],
  ['GET', 'identity/oidc/key/x'],
  ['POST', 'identity/oidc/key/x'],
  ['DELETE', 'identity/oidc/key/x'],
  ['GET', 'sys/plugins/catalog'],
  ['LIST', 'sys/plugins/catalog/secret'],
  ['GET', 'sys/plugins/catalog/secret/kv'],
  ['POST', 'sys/plugins/catalog/secret/kv'],
  ['DELETE', 'sys/plugins/catalog/secret/kv'],
  ['POST', 'sys/plugins/reload/backend'],
  ['GET', 'sys/plugins/pins'],
  ['GET', 'sys/plugins/pins/secret/kv'],
  ['POST', 'sys/plugins/pins/secret/kv'],
  ['DELETE', 'sys/plugins/pins/secret/kv'],
  ['LIST', 'sys/namespaces'],
  ['GET', 'sys/namespaces/team'],
  ['POST', 'sys/namespaces/team'],
  ['DELETE', 'sys/namespaces/team'],
])('%s %s is nothing for a stranger', async (method, path) => {
  const token = await tokenWith(server, 'stranger', 'path "secret/*" { capabilities = ["read"] }');
  expect((await call(method, path, undefined, token)).status).toBe(403);
});
