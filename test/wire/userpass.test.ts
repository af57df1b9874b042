/** `sys/auth`, `sys/locked-users` and the userpass method over HTTP: as raw requests, and as npm's node-vault sends them. */
import nodeVault from 'node-vault';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let powerless: string;
beforeAll(async () => {
  server = await startWireServer();
  powerless = await tokenWith(server, 'powerless', 'path "nothing/here" { capabilities = ["read"] }');
});
afterAll(() => server.destroy());

const call = callTo(() => server);

/** Without a token. */
function logIn(name: string, password: string, at = 'userpass'): Promise<RawAnswer> {
  return server.send({ method: 'PUT', path: `auth/${at}/login/${name}`, token: undefined, body: { password } });
}

describe('sys/auth', () => {
  test('lists the methods, at the top level too', async () => {
    const { status, json } = await call('GET', 'sys/auth');
    expect(status).toBe(200);
    expect(json.data).toEqual({ 'token/': json['token/'], 'userpass/': json['userpass/'] });
    expect(json['userpass/']).toEqual({
      accessor: expect.stringMatching(/^auth_userpass_[0-9a-z]{8}$/),
      config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false, token_type: 'default-service' },
      deprecation_status: 'supported',
      description: '',
      external_entropy_access: false,
      local: false,
      options: null,
      plugin_version: '',
      running_plugin_version: 'v1.0.0',
      running_sha256: '',
      seal_wrap: false,
      type: 'userpass',
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect((await call('GET', 'sys/mounts')).json.data).not.toHaveProperty('auth/userpass/');
    expect((await call('GET', 'sys/auth', undefined, powerless)).status).toBe(403);
  });

  test('enables, reads, tunes and disables a method', async () => {
    const body = {
      type: 'userpass',
      description: 'people',
      config: { default_lease_ttl: '1h', listing_visibility: 'unauth' },
      local: false,
    };
    expect((await call('POST', 'sys/auth/team/people', body)).status).toBe(204);
    expect((await call('POST', 'sys/auth/team/people', body)).json.errors[0]).toBe('path is already in use at team/people/');
    expect((await call('POST', 'sys/auth/team', body)).json.errors[0]).toContain('path is already in use');
    const read = await call('GET', 'sys/auth/team/people');
    expect(read.json.data).toMatchObject({ type: 'userpass', description: 'people', config: { default_lease_ttl: 3600 } });
    expect(read.json.type).toBe('userpass');
    expect((await call('GET', 'sys/internal/ui/mounts', undefined, undefined)).json.data.auth).toHaveProperty('team/people/');
    expect((await call('GET', 'sys/internal/ui/mounts/auth/team/people')).json.data.path).toBe('auth/team/people/');
    expect((await call('POST', 'sys/auth/team/people/tune', { max_lease_ttl: '2h', token_type: 'service' })).status).toBe(204);
    expect((await call('GET', 'sys/auth/team/people/tune')).json.data).toEqual({
      default_lease_ttl: 3600,
      max_lease_ttl: 7200,
      force_no_cache: false,
      listing_visibility: 'unauth',
      description: 'people',
      token_type: 'service',
      user_lockout_counter_reset_duration: 900,
      user_lockout_disable: false,
      user_lockout_duration: 900,
      user_lockout_threshold: 5,
    });
    // The CLI tunes here.
    expect((await call('PUT', 'sys/mounts/auth/team/people/tune', { description: 'all people' })).status).toBe(204);
    expect((await call('GET', 'sys/mounts/auth/team/people/tune')).json.data.description).toBe('all people');
    // Everything else below sys/mounts knows engines only.
    expect((await call('GET', 'sys/mounts/auth/team/people')).status).toBe(400);
    expect((await call('DELETE', 'sys/mounts/auth/team/people')).status).toBe(204);
    expect((await call('GET', 'sys/auth/team/people')).status).toBe(200);
    expect((await call('DELETE', 'sys/auth/team/people')).status).toBe(204);
    expect((await call('DELETE', 'sys/auth/team/people')).status).toBe(204);
    expect((await call('GET', 'sys/auth/team/people')).json.errors).toEqual(['No auth engine at team/people/']);
    expect((await call('GET', 'sys/auth/team/people/tune')).status).toBe(400);
    expect((await call('POST', 'sys/auth/team/people/tune', { description: '' })).status).toBe(400);
  });

  test.each([
    ['nowhere', {}, 'field type: backend type must be specified as a string'],
    ['nowhere', { type: 'kv' }, 'plugin type "kv" not found in the catalog; known: userpass'],
    ['nowhere', { type: 'userpass', config: { default_lease_ttl: '2h', max_lease_ttl: '1h' } }, 'field default_lease_ttl: must not exceed'],
    ['token', { type: 'userpass' }, 'path auth/token/ is reserved'],
    ['token/x', { type: 'userpass' }, 'path auth/token/ is reserved'],
    ['userpass/x', { type: 'userpass' }, 'path is already in use at userpass/'],
  ])('refuses to enable at %s with %j', async (path, body, message) => {
    const { status, json } = await call('POST', `sys/auth/${path}`, body);
    expect([status, json.errors[0]]).toEqual([400, expect.stringContaining(message)]);
  });

  test('keeps the token method', async () => {
    expect((await call('DELETE', 'sys/auth/token')).json.errors).toEqual(['token credential backend cannot be disabled']);
  });

  test('asks for sudo below it', async () => {
    const all = '["create", "read", "update", "delete", "list"]';
    const token = await tokenWith(
      server,
      'auth-admin',
      `path "sys/auth" { capabilities = ${all} }\npath "sys/auth/*" { capabilities = ${all} }`,
    );
    expect((await call('GET', 'sys/auth', undefined, token)).status).toBe(200);
    expect((await call('POST', 'sys/auth/mine', { type: 'userpass' }, token)).status).toBe(403);
    expect((await call('DELETE', 'sys/auth/userpass', undefined, token)).status).toBe(403);
  });
});

describe('userpass', () => {
  test('users are written, read, listed, changed and deleted', async () => {
    const users = 'auth/userpass/users';
    expect((await call('LIST', users)).status).toBe(404);
    expect(
      (await call('PUT', `${users}/Alice`, { password: 'p1', token_policies: 'dev,ops', token_ttl: '1h', token_bound_cidrs: '127.0.0.1' }))
        .status,
    ).toBe(204);
    expect((await call('GET', `${users}/alice`)).json.data).toEqual({
      token_bound_cidrs: ['127.0.0.1/32'],
      token_explicit_max_ttl: 0,
      token_max_ttl: 0,
      token_no_default_policy: false,
      token_num_uses: 0,
      token_period: 0,
      token_policies: ['dev', 'ops'],
      token_ttl: 3600,
      token_type: 'default',
    });
    expect((await call('LIST', users)).json.data).toEqual({ keys: ['alice'] });
    expect((await call('GET', `${users}?list=true`)).json.data).toEqual({ keys: ['alice'] });
    expect((await call('POST', `${users}/alice/password`, { password: 'p2' })).status).toBe(204);
    expect((await call('POST', `${users}/alice/policies`, { policies: ['dev'] })).status).toBe(204);
    expect((await logIn('alice', 'p1')).json).toEqual({ errors: ['invalid username or password'] });
    expect((await logIn('ALICE', 'p2')).json.auth).toMatchObject({ policies: ['default', 'dev'], lease_duration: 3600 });
    expect((await call('DELETE', `${users}/alice`)).status).toBe(204);
    expect((await call('DELETE', `${users}/alice`)).status).toBe(204);
    expect(await call('GET', `${users}/alice`)).toMatchObject({ status: 404, json: { errors: [] } });
  });

  test('a name of 128 characters with a password of 1024 and 256 policies logs in', async () => {
    const name = 'n'.repeat(128);
    const password = '"é'.repeat(512);
    const policies = Array.from({ length: 256 }, (_, index) => `p${index}`);
    expect((await call('POST', `auth/userpass/users/${name}`, { password, token_policies: policies })).status).toBe(204);
    expect((await logIn(name, password)).json.auth.policies).toHaveLength(257);
    expect((await logIn(name, `${password.slice(0, -1)}e`)).status).toBe(400);
  });

  test('create and update are told apart by the user', async () => {
    const token = await tokenWith(server, 'creator', 'path "auth/userpass/users/*" { capabilities = ["create"] }');
    expect((await call('POST', 'auth/userpass/users/once', { password: 'p' }, token)).status).toBe(204);
    expect((await call('POST', 'auth/userpass/users/once', { password: 'q' }, token)).status).toBe(403);
    expect((await logIn('once', 'p')).status).toBe(200);
  });

  test.each([
    ['x', { token_ttl: 60 }, 'missing password'],
    ['x', { password: 'p'.repeat(1025) }, 'field password: must NOT have more than 1024 characters'],
    ['x', { password: ['p'] }, 'field password: must be string'],
    ['x', { password: 'p', token_type: 'transient' }, 'field token_type: must be one of'],
    ['x', { password: 'p', token_type: 'batch', token_period: 60 }, 'field token_type: cannot be'],
    ['x', { password: 'p', token_type: 'batch', token_num_uses: 1 }, 'field token_type: cannot be'],
    ['x', { password: 'p', token_num_uses: -1 }, 'field token_num_uses: must be >= 0'],
    ['x', { password: 'p', token_ttl: 'soon' }, 'field token_ttl: must be integer'],
    ['x', { password: 'p', token_bound_cidrs: '10.0.0.0/33' }, 'field token_bound_cidrs: must be a list of addresses or CIDR blocks'],
    ['x', { password: 'p', token_policies: 'root' }, 'auth methods cannot create root tokens'],
    ['-x', { password: 'p' }, 'field username: must be letters'],
    ['x'.repeat(129), { password: 'p' }, 'field username: at most 128 characters'],
  ])('refuses a user %s with %j', async (name, body, message) => {
    const { status, json } = await call('POST', `auth/userpass/users/${name}`, body);
    expect([status, json.errors[0]]).toEqual([400, expect.stringContaining(message)]);
  });

  test('a login with an unknown token in its head, or by an unknown method, is what it is', async () => {
    await call('POST', 'auth/userpass/users/bob', { password: 'p' });
    expect((await call('POST', 'auth/userpass/login/bob', { password: 'p' }, 'hvs.expired')).status).toBe(200);
    expect((await logIn('bob', 'p', 'nowhere')).json).toEqual({ errors: ['permission denied'] });
  });
});

test('a user is locked after five wrong passwords, stays so after a kill, and is unlocked', async () => {
  await call('POST', 'auth/userpass/users/guessed', { password: 'p' });
  for (let time = 0; time < 5; time++) expect((await logIn('guessed', 'q')).status).toBe(400);
  await server.kill();
  await server.restart();
  expect((await logIn('guessed', 'p')).json).toEqual({ errors: ['permission denied'] });
  const { accessor } = (await call('GET', 'sys/auth/userpass')).json.data as { accessor: string };
  const namespace = { namespace_id: 'root', namespace_path: '', counts: 1 };
  const locked = { mount_accessor: accessor, counts: 1, alias_identifiers: ['guessed'] };
  expect((await call('GET', 'sys/locked-users')).json.data).toEqual({
    by_namespace: [{ ...namespace, mount_accessors: [locked] }],
    total: 1,
  });
  expect((await call('GET', 'sys/locked-users', undefined, powerless)).status).toBe(403);
  expect((await call('POST', `sys/locked-users/${accessor}/unlock/guessed`, undefined, powerless)).status).toBe(403);
  expect((await call('POST', `sys/locked-users/${accessor}/unlock/guessed`)).status).toBe(204);
  expect((await logIn('guessed', 'p')).status).toBe(200);
});

test('node-vault enables, logs in with and disables userpass', async () => {
  const endpoint = `http://127.0.0.1:${server.port}`;
  const vault = nodeVault({ endpoint, token: server.rootToken });
  await vault.enableAuth({ mount_point: 'people', type: 'userpass', description: 'made by node-vault' });
  expect(await vault.auths()).toMatchObject({ 'people/': { type: 'userpass', description: 'made by node-vault' } });
  await vault.write('auth/people/users/carol', { password: 'p', policies: 'powerless' });
  expect(await vault.list('auth/people/users')).toMatchObject({ data: { keys: ['carol'] } });
  const person = nodeVault({ endpoint });
  await expect(person.userpassLogin({ mount_point: 'people', username: 'carol', password: 'q' })).rejects.toThrow(
    'invalid username or password',
  );
  const made = (await person.userpassLogin({ mount_point: 'people', username: 'carol', password: 'p' })) as {
    auth: { client_token: string };
  };
  const held = nodeVault({ endpoint, token: made.auth.client_token });
  expect(await held.tokenLookupSelf()).toMatchObject({ data: { display_name: 'people-carol', policies: ['default', 'powerless'] } });
  expect(await held.tokenRenewSelf({ increment: '30m' })).toMatchObject({
    auth: { lease_duration: 1800, metadata: { username: 'carol' } },
  });
  await vault.disableAuth({ mount_point: 'people' });
  await expect(held.tokenLookupSelf()).rejects.toMatchObject({ response: { statusCode: 403 } });
});
