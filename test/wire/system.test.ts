/** `sys/`: mounts, policies, capabilities, keys, audit and metrics as their clients see them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer({ config: { metrics: { unauthenticated: false } } });
});
afterAll(() => server.destroy());

const call = callTo(() => server);

test('an envelope has all its members, and the data of old routes stands at the top level too', async () => {
  const { json, headers } = await call('GET', 'sys/mounts');
  expect(json).toMatchObject({
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    wrap_info: null,
    warnings: null,
    auth: null,
    mount_type: 'system',
  });
  expect(json.data['secret/']).toMatchObject({ type: 'kv', options: { version: '2' } });
  expect(json['secret/']).toEqual(json.data['secret/']);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-type': 'application/json',
  });
  for (const path of ['sys/auth', 'sys/audit', 'sys/key-status', 'sys/policy', 'sys/mounts/secret', 'sys/mounts/secret/tune']) {
    const { status, json: old } = await call('GET', path);
    expect([path, status]).toEqual([path, 200]);
    for (const [name, value] of Object.entries(old.data as object)) expect(old[name]).toEqual(value);
  }
  expect((await call('LIST', 'sys/policies/acl')).json).not.toHaveProperty('keys');
});

test('the routes without an envelope answer bare', async () => {
  expect((await call('GET', 'sys/health')).json).toMatchObject({ initialized: true, sealed: false, standby: false, version: '1.15.6' });
  expect((await call('GET', 'sys/leader')).json).toMatchObject({ ha_enabled: false });
  expect((await call('GET', 'sys/init')).json).toEqual({ initialized: true });
  const status = (await call('GET', 'sys/seal-status')).json;
  expect(status).toMatchObject({ type: 'static', initialized: true, sealed: false, storage_type: 'file', recovery_seal: true });
  expect(status.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(status).toHaveProperty('cluster_id');
  expect(status).not.toHaveProperty('request_id');
});

test('the state of the plugins is for those with sudo', async () => {
  await call('GET', 'secret/data/any');
  expect((await call('GET', 'sys/plugins/status')).json.data.plugins).toMatchObject({ kv: { state: 'healthy', restarts: 0, running: 0 } });
  const token = await tokenWith(server, 'no-sudo', 'path "sys/plugins/status" { capabilities = ["read"] }');
  expect((await call('GET', 'sys/plugins/status', undefined, token)).status).toBe(403);
});

test('a mount is enabled, found in use, tuned, read and disabled, and its contents are gone when it comes again', async () => {
  const nulls = { type: 'kv', description: null, config: null, options: { version: 2 }, plugin_name: null };
  expect(await call('POST', 'sys/mounts/team/kv', nulls)).toMatchObject({ status: 204, text: '' });
  expect((await call('PUT', 'sys/mounts/team/kv', nulls)).json.errors[0]).toContain('path is already in use');
  expect((await call('POST', 'sys/mounts/team', nulls)).status).toBe(400);
  const read = (await call('GET', 'sys/mounts/team/kv')).json;
  expect(read.data).toMatchObject({ type: 'kv', description: '', options: { version: '2' } });
  expect(read.type).toBe('kv');
  expect((await call('POST', 'team/kv/data/x', { data: { a: 1 } })).status).toBe(200);

  expect((await call('POST', 'sys/mounts/team/kv/tune', { default_lease_ttl: '', max_lease_ttl: '3h', options: null })).status).toBe(204);
  expect((await call('GET', 'sys/mounts/team/kv/tune')).json.data).toMatchObject({ default_lease_ttl: 2764800, max_lease_ttl: 10800 });
  expect((await call('PUT', 'sys/mounts/team/kv/tune', { default_lease_ttl: '4h' })).status).toBe(400);
  expect((await call('POST', 'sys/mounts/team/kv/tune', { listing_visibility: 'sometimes' })).status).toBe(400);
  expect((await call('GET', 'sys/mounts/team/kv')).json.data.options).toEqual({ version: '2' });

  expect((await call('DELETE', 'sys/mounts/team/kv')).status).toBe(204);
  expect((await call('DELETE', 'sys/mounts/team/kv')).status).toBe(204);
  expect((await call('GET', 'team/kv/data/x')).json.errors).toEqual(['no handler for route "team/kv/data/x". route entry not found.']);
  expect((await call('GET', 'sys/mounts/nope')).json.errors).toEqual(['No secret engine mount at nope/']);
  expect((await call('GET', 'sys/mounts/nope')).status).toBe(400);
  expect((await call('POST', 'sys/mounts/team/kv', nulls)).status).toBe(204);
  expect((await call('GET', 'team/kv/data/x')).status).toBe(404);
  expect((await call('DELETE', 'sys/mounts/team/kv')).status).toBe(204);
});

test.each([
  ['passthrough_request_headers', ['X-Mine', 'a'.repeat(128)], 204],
  ['passthrough_request_headers', Array.from({ length: 100 }, (_, at) => `x-${at}`), 204],
  ['passthrough_request_headers', Array.from({ length: 101 }, (_, at) => `x-${at}`), 400],
  ['passthrough_request_headers', ['X-Vault-Token'], 400],
  ['passthrough_request_headers', ['a'.repeat(129)], 400],
  ['passthrough_request_headers', [''], 400],
  ['allowed_response_headers', ['X-Mine', 'ETag'], 204],
  ['allowed_response_headers', ['Set-Cookie'], 400],
  ['allowed_response_headers', ['x-vault-hostname'], 400],
  ['allowed_response_headers', ['Content-Length'], 400],
  ['allowed_response_headers', ['x y'], 400],
])('%s of a mount: %j is %i', async (field, names, status) => {
  await call('POST', 'sys/mounts/heads', { type: 'kv' });
  const answer = await call('POST', 'sys/mounts/heads/tune', { [field]: names });
  expect([answer.status, status === 400 ? JSON.stringify(answer.json.errors) : field]).toEqual([status, expect.stringContaining(field)]);
});

test.each([
  ['sys/mounts/sys/x', { type: 'kv' }],
  ['sys/mounts/auth/x', { type: 'kv' }],
  ['sys/mounts/identity', { type: 'kv' }],
  ['sys/mounts/fine', { type: 'no-such-engine' }],
  ['sys/mounts/fine', { type: '../../etc' }],
  ['sys/mounts/fine', {}],
  ['sys/mounts/fine', { type: 'kv', config: { default_lease_ttl: 'soon' } }],
  ['sys/mounts/fine', { type: 'kv', options: 7 }],
])('a mount that cannot be is refused: %s %j', async (path, body) => {
  const { status, json } = await call('POST', path, body);
  expect(status).toBe(400);
  expect(json.errors).toHaveLength(1);
  expect((await call('GET', 'sys/mounts')).json.data).not.toHaveProperty('fine/');
});

test('the user interface finds the mount of a path, for whoever has any access under it', async () => {
  const token = await tokenWith(server, 'one-secret', 'path "secret/data/deep/inside/*" { capabilities = ["read"] }');
  const found = await call('GET', 'sys/internal/ui/mounts/secret/data/deep/x', undefined, token);
  expect(found.json.data).toMatchObject({ path: 'secret/', type: 'kv', options: { version: '2' } });
  expect((await call('GET', 'sys/internal/ui/mounts/nope/x')).status).toBe(403);
  expect((await call('GET', 'sys/internal/ui/mounts/secret/x', undefined, 'hvs.unknown')).status).toBe(403);
  expect((await server.send({ method: 'GET', path: 'sys/internal/ui/mounts/secret/x', token: undefined })).status).toBe(403);
  const bare = await server.send({ method: 'GET', path: 'sys/internal/ui/mounts', token: undefined });
  expect(bare).toMatchObject({ status: 200 });
  expect(bare.json.data.secret).toEqual({});
  expect(Object.keys((await call('GET', 'sys/internal/ui/mounts', undefined, token)).json.data.secret as object)).toEqual([
    'cubbyhole/',
    'secret/',
  ]);
});

test('policies are written, listed with root last, read in both forms and deleted', async () => {
  const policy = 'path "secret/*" { capabilities = ["read"] }';
  expect((await call('POST', 'sys/policies/acl/Team', { policy })).status).toBe(204);
  expect((await call('PUT', 'sys/policy/old', { rules: policy })).status).toBe(204);
  expect((await call('PUT', 'sys/policy/base64', { policy: Buffer.from(policy).toString('base64') })).status).toBe(204);
  expect((await call('GET', 'sys/policies/acl/base64')).json.data.policy).toBe(policy);
  for (const method of ['LIST', 'GET'])
    expect((await call(method, `sys/policies/acl${method === 'GET' ? '?list=true' : ''}`)).json.data.keys.at(-1)).toBe('root');
  const legacy = (await call('GET', 'sys/policy')).json;
  expect(legacy.data.keys).toEqual(legacy.policies);
  expect(legacy.keys).toEqual([...(legacy.keys as string[]).filter((name) => name !== 'root').sort(), 'root']);
  expect((await call('LIST', 'sys/policy')).json.keys).toEqual(legacy.keys);
  expect((await call('GET', 'sys/policies/acl/team')).json.data).toEqual({ name: 'team', policy });
  expect((await call('GET', 'sys/policy/team')).json).toMatchObject({ name: 'team', rules: policy, data: { name: 'team', rules: policy } });
  expect((await call('DELETE', 'sys/policies/acl/TEAM')).status).toBe(204);
  expect((await call('DELETE', 'sys/policy/old')).status).toBe(204);
  expect((await call('DELETE', 'sys/policy/never-was')).status).toBe(204);
  expect(await call('GET', 'sys/policies/acl/team')).toMatchObject({ status: 404, json: { errors: [] } });
});

test.each([
  ['PUT', 'sys/policies/acl/root', { policy: 'path "x" {}' }],
  ['DELETE', 'sys/policies/acl/root', undefined],
  ['DELETE', 'sys/policy/default', undefined],
  ['PUT', 'sys/policies/acl/bad', { policy: 'path "x" { capabilities = ["red"] }' }],
  ['PUT', 'sys/policies/acl/bad', { policy: '{"path":{"x":{"capabilities":["read"]' }],
  ['PUT', 'sys/policies/acl/bad', { policy: '' }],
  ['PUT', 'sys/policies/acl/bad', {}],
])('a policy that cannot be is refused: %s %s %j', async (method, path, body) => {
  expect((await call(method, path, body)).status).toBe(400);
});

test('capabilities are told for tokens, accessors and oneself, for one path and for many', async () => {
  const token = await tokenWith(
    server,
    'capable',
    'path "secret/data/*" { capabilities = ["read", "list"] }\npath "secret/data/x" { capabilities = ["deny"] }\npath "sys/capabilities*" { capabilities = ["update"] }',
  );
  const { accessor } = (await call('GET', 'auth/token/lookup-self', undefined, token)).json.data as { accessor: string };
  const paths = ['secret/data/a', 'secret/data/x', 'other'];
  const expected = { 'secret/data/a': ['list', 'read'], 'secret/data/x': ['deny'], other: ['deny'] };
  for (const [path, body] of [
    ['sys/capabilities', { token, paths }],
    ['sys/capabilities-accessor', { accessor, paths }],
    ['sys/capabilities-self', { paths }],
  ] as const) {
    const { json } = await call('POST', path, body, path.endsWith('self') ? token : server.rootToken);
    expect(json.data).toEqual(expected);
    expect(json['other']).toEqual(['deny']);
  }
  expect((await call('POST', 'sys/capabilities-self', { path: 'secret/data/a' }, token)).json.capabilities).toEqual(['list', 'read']);
  expect((await call('POST', 'sys/capabilities-self', { path: 'x' })).json.capabilities).toEqual(['root']);
  expect((await call('POST', 'sys/capabilities', { token: 'hvs.unknown', paths })).status).toBe(400);
  expect((await call('POST', 'sys/capabilities-accessor', { accessor: 'unknown', paths })).status).toBe(400);
  expect((await call('POST', 'sys/capabilities-self', {})).status).toBe(400);
  expect((await call('POST', 'sys/capabilities-self', { path: 'a/../b' })).status).toBe(400);
});

test('keys rotate while what was written before stays readable', async () => {
  expect((await call('POST', 'secret/data/rotated', { data: { n: 1 } })).status).toBe(200);
  const { term } = (await call('GET', 'sys/key-status')).json.data as { term: number };
  expect(await call('PUT', 'sys/rotate')).toMatchObject({ status: 204, text: '' });
  expect((await call('POST', 'sys/rotate/keyring')).status).toBe(204);
  const after = (await call('GET', 'sys/key-status')).json;
  expect(after.data.term).toBe(term + 2);
  expect(after).toMatchObject({ term: term + 2, install_time: expect.any(String), encryptions: expect.any(Number) });
  expect((await call('GET', 'secret/data/rotated')).json.data.data).toEqual({ n: 1 });
});

test('audit devices are shown, their hash is told, and changing them is refused with where they are set', async () => {
  expect((await call('GET', 'sys/audit')).json.data).toMatchObject({ 'file/': { type: 'file', path: 'file/' } });
  const { hash } = (await call('POST', 'sys/audit-hash/file', { input: server.rootToken })).json as { hash: string };
  expect(hash).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
  expect(server.auditLines().at(-1).auth.client_token).toBe(hash);
  expect((await call('POST', 'sys/audit-hash/nope', { input: 'x' })).status).toBe(400);
  expect((await call('POST', 'sys/audit-hash/file', {})).status).toBe(400);
  for (const method of ['PUT', 'POST', 'DELETE'])
    expect(await call(method, 'sys/audit/new', { type: 'file' })).toMatchObject({
      status: 400,
      json: { errors: [expect.stringContaining('config file')] },
    });
});

test('metrics are Prometheus text or JSON', async () => {
  const { text, headers } = await call('GET', 'sys/metrics?format=prometheus');
  expect(headers['content-type']).toMatch(/^text\/plain/);
  expect(text).toMatch(/^# HELP /m);
  expect(text).not.toContain(server.rootToken);
  expect((await call('GET', 'sys/metrics')).json).not.toBeNull();
  expect((await call('GET', 'sys/metrics?format=xml')).status).toBe(400);
});

test('what is not there is told in words clients know, and looks forbidden to a caller without rights', async () => {
  expect(await call('GET', 'nope/x')).toMatchObject({
    status: 404,
    json: { errors: ['no handler for route "nope/x". route entry not found.'] },
  });
  expect(await call('GET', 'nope/x', undefined, 'hvs.unknown')).toMatchObject({ status: 403, json: { errors: ['permission denied'] } });
  expect(await call('GET', 'sys/nope')).toMatchObject({ status: 404, json: { errors: ['1 error occurred:\n\t* unsupported path\n\n'] } });
  expect(await call('GET', '/v2/sys/health')).toMatchObject({ status: 404, json: { errors: [] } });
  expect(await call('GET', '/ui')).toMatchObject({ status: 404, json: { errors: [] } });
});
