/** `sys/leases/…` over HTTP, with an engine from outside that issues at a real service; also by node-vault. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import nodeVault from 'node-vault';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import type { TestServer } from '../harness/server.ts';
import { KeyService } from '../outside/key-service.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

const folder = mkdtempSync(join(tmpdir(), 'strongroom-leases-'));
let service: KeyService;
let server: TestServer;
let id = '';

beforeAll(async () => {
  service = await KeyService.start();
  const path = join(folder, 'api-keys.mjs');
  await buildPlugin(fileURLToPath(new URL('../../examples/api-keys/index.ts', import.meta.url)), path);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  server = await startWireServer({
    config: {
      plugins: [{ name: 'api-keys', path, version: '1.0.0', sha256, isolation: 'thread' }],
      mounts: [{ path: 'keys/', type: 'api-keys', hosts: [service.url] }],
    },
  });
  await call('POST', 'keys/config', { url: service.url, token: 'service-token' });
  await call('POST', 'keys/roles/app', { ttl: '1h' });
});
afterAll(async () => {
  await server.destroy();
  await service.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  id = ((await call('GET', 'keys/creds/app')).json as { readonly lease_id: string }).lease_id;
});

const call = callTo(() => server);

test('an issued key has a lease, which is looked up and listed', async () => {
  expect((await call('PUT', 'sys/leases/lookup', { lease_id: id })).json).toMatchObject({
    data: { id, renewable: true, last_renewal: null },
  });
  expect((await call('PUT', 'sys/leases/lookup', { lease_id: 'none' })).status).toBe(400);
  expect((await call('LIST', 'sys/leases/lookup/keys/creds')).json).toMatchObject({ data: { keys: ['app/'] } });
  const token = await tokenWith(server, 'lookup', 'path "sys/leases/lookup/*" { capabilities = ["list"] }');
  expect((await call('LIST', 'sys/leases/lookup/keys/creds', undefined, token)).status).toBe(403);
});

test.each(['sys/leases/renew', 'sys/renew'])('%s renews', async (path) => {
  expect((await call('PUT', path, { lease_id: id, increment: '30m' })).json).toMatchObject({
    lease_id: id,
    lease_duration: 1800,
    renewable: true,
  });
  expect((await call('PUT', path, { lease_id: 'none' })).json).toEqual({ errors: ['field lease_id: lease not found'] });
  expect((await call('POST', `${path}/${id}`, { increment: 60 })).json).toMatchObject({ lease_id: id, lease_duration: 60 });
  expect((await call('POST', `${path}/none`)).status).toBe(400);
});

test.each(['sys/leases/revoke', 'sys/revoke'])('%s revokes', async (path) => {
  const held = service.keys.size;
  expect((await call('PUT', path, { lease_id: id, sync: true })).status).toBe(204);
  expect(service.keys.size).toBe(held - 1);
  expect((await call('PUT', path, {})).status).toBe(400);
  expect((await call('PUT', `${path}/${id}`)).status).toBe(204);
  const token = await tokenWith(server, 'nothing', 'path "x" { capabilities = ["read"] }');
  expect((await call('PUT', `${path}/${id}`, {}, token)).status).toBe(403);
});

test.each(['sys/leases/revoke-prefix', 'sys/revoke-prefix', 'sys/leases/revoke-force', 'sys/revoke-force'])(
  '%s ends all below a path',
  async (path) => {
    const token = await tokenWith(server, 'prefixes', 'path "sys/*" { capabilities = ["update"] }');
    expect((await call('PUT', `${path}/keys/creds`, {}, token)).status).toBe(403);
    expect((await call('PUT', `${path}/keys/creds`)).status).toBe(204);
    expect(service.keys.size).toBe(0);
    expect((await call('POST', `${path}/keys/creds`, {})).status).toBe(204);
  },
);

test('tokens end by the path that made them', async () => {
  await call('POST', 'auth/userpass/users/leased', { password: 'correct horse' });
  const login = async (): Promise<string> =>
    (await call('POST', 'auth/userpass/login/leased', { password: 'correct horse' })).json.auth.client_token as string;
  const child = (await call('POST', 'auth/token/create', { policies: ['default'] })).json.auth.client_token as string;
  const works = async (token: string): Promise<boolean> => (await call('GET', 'auth/token/lookup-self', undefined, token)).status === 200;
  const tokens = [await login(), await login()];
  expect((await call('PUT', 'sys/leases/revoke-prefix/auth/userpass/login/other')).status).toBe(204);
  expect(await Promise.all(tokens.map(works))).toEqual([true, true]);
  expect((await call('PUT', 'sys/leases/revoke-prefix/auth/userpass')).status).toBe(204);
  expect(await Promise.all(tokens.map(works))).toEqual([false, false]);
  expect(await works(child)).toBe(true);
  expect((await call('PUT', 'sys/leases/revoke-prefix/auth/token')).status).toBe(204);
  expect(await works(child)).toBe(false);
  expect(await works(server.rootToken)).toBe(true);
});

test('a token has a lease below the path that made it', async () => {
  const made = async (): Promise<string> =>
    (await call('POST', 'auth/token/create', { policies: ['default'], ttl: '1h' })).json.auth.client_token as string;
  const names = async (path: string): Promise<readonly string[]> =>
    ((await call('LIST', path)).json as { data?: { keys: readonly string[] } }).data?.keys ?? [];
  const works = async (token: string): Promise<boolean> => (await call('GET', 'auth/token/lookup-self', undefined, token)).status === 200;
  const before = await names('sys/leases/lookup/auth/token/create');
  const token = await made();
  const added = (await names('sys/leases/lookup/auth/token/create/')).filter((name) => !before.includes(name));
  expect(added).toEqual([expect.stringMatching(/^h[\w-]{43}$/)]);
  expect(await names('sys/leases/lookup/auth')).toContain('token/');
  expect(await names('sys/leases/lookup')).toEqual(['auth/', 'keys/']);
  expect((await call('GET', 'sys/leases/lookup?list=true')).json.data).toEqual({ keys: ['auth/', 'keys/'] });

  const lease = `auth/token/create/${added[0]}`;
  expect((await call('PUT', 'sys/leases/lookup', { lease_id: lease })).json.data).toMatchObject({
    id: lease,
    renewable: true,
    last_renewal: null,
    ttl: expect.toSatisfy((ttl: number) => ttl > 3500 && ttl <= 3600) as number,
  });
  await call('POST', 'auth/token/renew-self', {}, token);
  expect((await call('PUT', 'sys/leases/lookup', { lease_id: lease })).json.data.last_renewal).toMatch(/^2/);
  expect((await call('PUT', 'sys/leases/renew', { lease_id: lease })).json).toEqual({
    errors: ['tokens cannot be renewed through this endpoint'],
  });

  const other = await made();
  for (const wrong of [lease.replace('create', 'create/x'), lease.slice(0, -1), lease.replace('/h', '/'), added[0]!]) {
    expect((await call('PUT', 'sys/leases/lookup', { lease_id: wrong })).status).toBe(400);
    expect((await call('PUT', 'sys/leases/revoke', { lease_id: wrong })).status).toBe(204);
  }
  expect(await works(token)).toBe(true);
  expect((await call('PUT', 'sys/leases/revoke', { lease_id: lease })).status).toBe(204);
  expect([await works(token), await works(other)]).toEqual([false, true]);
  expect((await call('PUT', 'sys/leases/lookup', { lease_id: lease })).json).toEqual({ errors: ['invalid lease'] });

  const last = (await names('sys/leases/lookup/auth/token/create')).find((name) => !before.includes(name));
  expect((await call('PUT', `sys/leases/revoke-prefix/auth/token/create/${last}`)).status).toBe(204);
  expect(await works(other)).toBe(false);
});

test('the root token and batch tokens have no lease, and listing them takes sudo', async () => {
  await call('PUT', 'sys/leases/revoke-prefix/auth');
  await call('POST', 'auth/token/create', { policies: ['default'], type: 'batch', ttl: '1h' });
  expect((await call('LIST', 'sys/leases/lookup/auth')).status).toBe(404);
  const token = await tokenWith(server, 'top', 'path "sys/leases/lookup/" { capabilities = ["list"] }');
  expect((await call('LIST', 'sys/leases/lookup', undefined, token)).status).toBe(403);
  const mighty = await tokenWith(server, 'mighty', 'path "sys/leases/lookup/" { capabilities = ["list", "sudo"] }');
  expect((await call('LIST', 'sys/leases/lookup', undefined, mighty)).json.data).toEqual({ keys: ['auth/', 'keys/'] });
});

test('leases that can not be revoked are counted and listed, and the index is tidied', async () => {
  const token = await tokenWith(server, 'none', 'path "x" { capabilities = ["read"] }');
  expect((await call('GET', 'sys/leases/count?type=irrevocable')).json.data).toEqual({ lease_count: 0, counts: {} });
  expect((await call('GET', 'sys/leases?type=irrevocable')).json.data).toEqual({ lease_count: 0, leases: [] });
  expect((await call('POST', 'sys/leases/tidy')).status).toBe(202);
  for (const path of ['sys/leases/count?type=irrevocable', 'sys/leases?type=irrevocable'])
    expect((await call('GET', path, undefined, token)).status).toBe(403);
  expect((await call('POST', 'sys/leases/tidy', {}, token)).status).toBe(403);
});

test('every token may renew and look up a lease whose id it knows', async () => {
  const token = await tokenWith(server, 'plain', 'path "x" { capabilities = ["read"] }');
  expect((await call('PUT', 'sys/leases/renew', { lease_id: id }, token)).status).toBe(200);
  expect((await call('PUT', 'sys/leases/lookup', { lease_id: id }, token)).status).toBe(200);
});

test('node-vault renews and revokes', async () => {
  const vault = nodeVault({ endpoint: `http://127.0.0.1:${server.port}`, token: server.rootToken });
  expect(await vault.renew({ lease_id: id, increment: 120 })).toMatchObject({ lease_id: id, lease_duration: 120 });
  await vault.revoke({ lease_id: id });
  await expect(vault.renew({ lease_id: id })).rejects.toThrow('lease not found');
});
