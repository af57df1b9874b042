/** What user interfaces ask, and the fields of tune that this server can only refuse. */
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

test('a caller sees its rules, sorted by whether they have wildcards', async () => {
  const policy = `path "secret/data/a" { capabilities = ["read", "create"] }
path "secret/data/b*" { capabilities = ["list"] }
path "secret/+/c" { capabilities = ["deny"] }`;
  const token = await tokenWith(server, 'ruled', policy);
  const { data } = (await call('GET', 'sys/internal/ui/resultant-acl', undefined, token)).json;
  expect(data).toMatchObject({
    root: false,
    exact_paths: { 'secret/data/a': { capabilities: ['create', 'read'] } },
    glob_paths: { 'secret/data/b': { capabilities: ['list'] }, 'secret/+/c': { capabilities: ['deny'] } },
  });
  expect((await call('GET', 'sys/internal/ui/resultant-acl')).json.data).toMatchObject({ root: true, exact_paths: {}, glob_paths: {} });
  expect((await server.send({ method: 'GET', path: 'sys/internal/ui/resultant-acl', token: undefined })).status).toBe(403);
});

test('tokens are counted', async () => {
  const count = async (): Promise<number> =>
    (await call('GET', 'sys/internal/counters/tokens')).json.data.counters.service_tokens.total as number;
  const before = await count();
  for (let n = 0; n < 3; n++) await call('POST', 'auth/token/create', {});
  expect(await count()).toBe(before + 3);
  expect((await call('GET', 'sys/internal/counters/entities')).json.data.counters).toEqual({ entities: { total: 0 } });
  expect((await call('GET', 'sys/internal/counters/requests')).json.data).toEqual({ counters: [] });
});

test('there are no namespaces below the root', async () => {
  expect((await server.send({ method: 'GET', path: 'sys/internal/ui/namespaces', token: undefined })).json.data).toEqual({ keys: [] });
  expect((await call('GET', 'sys/internal/ui/namespaces', '{')).status).toBe(400);
});

test.each([
  [{ allowed_managed_keys: ['a'] }, 'field allowed_managed_keys: is not supported'],
  [{ delegated_auth_accessors: ['a'] }, 'field delegated_auth_accessors: is not supported'],
  [{ identity_token_key: 'a' }, 'field identity_token_key: is not supported'],
  [{ plugin_version: 'v9.9.9' }, 'field plugin_version: version'],
])('tuning %j is refused in words', async (body, text) => {
  const refused = await call('POST', 'sys/mounts/secret/tune', body);
  expect(refused.status).toBe(400);
  expect(refused.json.errors[0]).toContain(text);
});

test('what Terraform sends for fields without a value is taken', async () => {
  const version = (await call('GET', 'sys/mounts/secret')).json.data.running_plugin_version as string;
  const empty = { allowed_managed_keys: [], delegated_auth_accessors: null, identity_token_key: '', plugin_version: version };
  expect((await call('POST', 'sys/mounts/secret/tune', empty)).status).toBe(204);
});
