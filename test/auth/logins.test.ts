/**
 * Logins in a whole server without HTTP, on a clock that the test moves: the token that the host makes, its limits, what its renewal checks,
 * and its end with the user, the policies and the mount.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Unsealed } from '../../core/request/host.ts';
import { Transaction } from '../../core/barrier/transaction.ts';
import { type HostAnswer, startHost, type TestHost } from '../harness/host.ts';

let now = Date.UTC(2031, 0, 1);
let host: TestHost;
let users = 0;
let user: string;
beforeAll(async () => {
  host = await startHost({ wallClock: () => now });
  await host.send('PUT', 'sys/policies/acl/dev', { policy: 'path "secret/data/dev/*" { capabilities = ["create", "read", "update"] }' });
  await host.send('PUT', 'sys/policies/acl/maker', { policy: 'path "auth/token/create" { capabilities = ["update"] }' });
});
afterAll(() => host.server.stop());
beforeEach(() => {
  user = `user-${++users}`;
});

const password = 'correct horse';
const allow = (fields: object = {}, at = 'userpass'): Promise<HostAnswer> =>
  host.send('POST', `auth/${at}/users/${user}`, { password, token_policies: ['dev'], ...fields });
/** Without a token, unless one is given. */
const logIn = (name = user, sent = password, at = 'userpass', headers?: Record<string, string>): Promise<HostAnswer> =>
  host.send('POST', `auth/${at}/login/${name}`, { password: sent }, '', headers);
const renew = (token: string, increment?: number): Promise<HostAnswer> =>
  host.send('POST', 'auth/token/renew-self', increment === undefined ? {} : { increment }, token);
const look = (token: string): Promise<HostAnswer> => host.send('GET', 'auth/token/lookup-self', undefined, token);
const pass = (seconds: number): void => void (now += seconds * 1000);

async function tokenOf(fields: object = {}): Promise<string> {
  const written = await allow(fields);
  if (written.status !== 204) throw new Error(written.text);
  const { json, text } = await logIn();
  if (json?.auth === undefined) throw new Error(text);
  return json.auth.client_token as string;
}

function unsealed(): Unsealed {
  if (host.server.unsealed === undefined) throw new Error('sealed');
  return host.server.unsealed;
}

test("a login answers a token in Vault's form, and the token can do what its policies say", async () => {
  await allow();
  const { status, json } = await logIn();
  expect([status, json.data, json.warnings, json.mount_type]).toEqual([200, null, null, 'userpass']);
  expect(json.auth).toEqual({
    client_token: expect.stringMatching(/^hvs\.[0-9A-Za-z]{24}$/),
    accessor: expect.stringMatching(/^[0-9A-Za-z]{24}$/),
    policies: ['default', 'dev'],
    token_policies: ['default', 'dev'],
    metadata: { username: user },
    lease_duration: 2_764_800,
    renewable: true,
    entity_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    token_type: 'service',
    orphan: true,
    mfa_requirement: null,
    num_uses: 0,
  });
  const token = json.auth.client_token as string;
  expect((await look(token)).json.data).toMatchObject({
    display_name: `userpass-${user}`,
    path: `auth/userpass/login/${user}`,
    meta: { username: user },
    policies: ['default', 'dev'],
    orphan: true,
  });
  expect((await host.send('POST', 'secret/data/dev/a', { data: { a: 1 } }, token)).status).toBe(200);
  expect((await host.send('GET', 'secret/data/ops/a', undefined, token)).status).toBe(403);
});

test('every setting of the user holds for the token', async () => {
  const token = await tokenOf({
    token_ttl: 100,
    token_explicit_max_ttl: 150,
    token_num_uses: 4,
    token_no_default_policy: true,
    token_policies: ['dev', 'looks'],
    token_bound_cidrs: ['127.0.0.1'],
  });
  await host.send('PUT', 'sys/policies/acl/looks', { policy: 'path "auth/token/lookup-self" { capabilities = ["read"] }' });
  expect((await look(token)).json.data).toMatchObject({
    ttl: 100,
    creation_ttl: 100,
    explicit_max_ttl: 150,
    num_uses: 3,
    policies: ['dev', 'looks'],
    bound_cidrs: ['127.0.0.1/32'],
  });
  for (const status of [200, 200, 200, 403]) expect((await look(token)).status).toBe(status);
});

test('a login from an address that the user is not bound to gives nothing', async () => {
  await allow({ token_bound_cidrs: ['10.0.0.0/8', '::1'] });
  expect(await logIn()).toMatchObject({ status: 403, json: { errors: ['permission denied'] } });
});

test.each([
  [{}, {}, 2_764_800],
  [{ default_lease_ttl: '1h' }, {}, 3600],
  [{ default_lease_ttl: '1h' }, { token_ttl: 7200 }, 7200],
  [{ max_lease_ttl: '30m' }, { token_ttl: 7200 }, 1800],
  [{ max_lease_ttl: '30m' }, {}, 1800],
  [{ default_lease_ttl: '1h' }, { token_max_ttl: 600 }, 600],
  [{ max_lease_ttl: '30m' }, { token_period: 600 }, 600],
  [{ max_lease_ttl: '30m' }, { token_period: 7200 }, 1800],
  [{}, { token_explicit_max_ttl: 60 }, 60],
  [{}, { token_period: 600, token_explicit_max_ttl: 60 }, 60],
])('with the mount tuned to %j, a user with %j gets %i seconds', async (mount, fields, expected) => {
  const at = `ttl-${users}`;
  await host.send('POST', `sys/auth/${at}`, { type: 'userpass', config: mount });
  await allow(fields, at);
  expect((await logIn(user, password, at)).json.auth.lease_duration).toBe(expected);
});

test('a renewal is bounded by the user, counted from the login', async () => {
  const token = await tokenOf({ token_ttl: 100, token_max_ttl: 150 });
  pass(90);
  expect((await renew(token)).json.auth.lease_duration).toBe(60);
  expect((await renew(token, 10)).json.auth.lease_duration).toBe(10);
  expect((await renew(token, 1000)).json).toMatchObject({ auth: { lease_duration: 60 }, warnings: [expect.stringContaining('max_ttl')] });
  pass(59);
  expect((await renew(token)).json.auth.lease_duration).toBe(1);
});

test('a periodic token lives as long as it is renewed, and takes a new period over', async () => {
  const token = await tokenOf({ token_period: 100 });
  for (let times = 0; times < 5; times++) {
    pass(99);
    expect((await renew(token)).json.auth.lease_duration).toBe(100);
  }
  await host.send('POST', `auth/userpass/users/${user}`, { token_period: 50 });
  expect((await renew(token)).json.auth.lease_duration).toBe(50);
  pass(50);
  expect((await renew(token)).status).toBe(403);
});

test('a renewal re-checks the user, by every way to renew; a right one answers what the login did', async () => {
  const token = await tokenOf({ token_ttl: 1000 });
  const { accessor } = (await look(token)).json.data as { accessor: string };
  const ways = [
    (): Promise<HostAnswer> => renew(token),
    (): Promise<HostAnswer> => host.send('POST', 'auth/token/renew', { token }),
    (): Promise<HostAnswer> => host.send('POST', 'auth/token/renew-accessor', { accessor }),
  ];
  for (const way of ways)
    expect((await way()).json.auth).toMatchObject({ lease_duration: 1000, policies: ['default', 'dev'], metadata: { username: user } });
  await host.send('POST', `auth/userpass/users/${user}/policies`, { token_policies: 'dev,ops' });
  for (const way of ways) expect(await way()).toMatchObject({ status: 400, json: { errors: ['policies have changed, not renewing'] } });
  await host.send('POST', `auth/userpass/users/${user}/policies`, { token_policies: 'dev' });
  for (const way of ways) expect((await way()).status).toBe(200);
  await host.send('DELETE', `auth/userpass/users/${user}`);
  for (const way of ways)
    expect(await way()).toMatchObject({ status: 400, json: { errors: ['the user does not exist any more, not renewing'] } });
  // What it has, it keeps: only more of it is refused.
  expect((await look(token)).status).toBe(200);
});

test('a name has one spelling for policies, storage, tokens and the audit', async () => {
  const policy = `path "auth/userpass/users/*" { capabilities = ["update", "create", "read"] }\npath "auth/userpass/users/${user}" { capabilities = ["deny"] }`;
  await host.send('PUT', 'sys/policies/acl/not-that-one', { policy });
  const { auth } = (await host.send('POST', 'auth/token/create', { policies: ['not-that-one'] })).json;
  await allow();
  for (const name of [
    user,
    user.toUpperCase(),
    user.replace('u', 'U'),
    `${user.slice(0, -1)}%${user.charCodeAt(user.length - 1).toString(16)}`,
  ]) {
    expect((await host.send('POST', `auth/userpass/users/${name}`, { password: 'x' }, auth.client_token)).status).toBe(403);
    expect((await host.send('GET', `auth/userpass/users/${name}/`, undefined, auth.client_token)).status).toBe(403);
    expect((await logIn(name)).json.auth.metadata).toEqual({ username: user });
  }
  expect((await host.send('LIST', 'auth/userpass/users')).json.data.keys).toContain(user);
  const paths = host.sink.lines.map((line) => (JSON.parse(line) as { request?: { path: string } }).request?.path ?? '');
  expect(paths).toContain(`auth/userpass/login/${user}`);
  expect(paths.filter((path) => path !== path.toLowerCase())).toEqual([]);
});

test('root is given to nobody', async () => {
  expect(await allow({ token_policies: ['root'] })).toMatchObject({ status: 400 });
  expect((await logIn()).status).toBe(400);
});

test('the audit has the login, its token and its user only as hashes, and the password nowhere', async () => {
  await allow();
  const from = host.sink.lines.length;
  const { auth } = (await logIn()).json as { auth: { client_token: string; accessor: string } };
  const lines = host.sink.lines.slice(from);
  expect(lines).toHaveLength(2);
  const response = JSON.parse(lines[1] ?? '') as { type: string; response: { auth: Record<string, unknown> }; request: object };
  expect(response.request).toMatchObject({ mount_type: 'userpass', mount_point: 'auth/userpass/', mount_class: 'auth' });
  expect(response.response.auth).toMatchObject({
    client_token: expect.stringMatching(/^hmac-sha256:/),
    accessor: expect.stringMatching(/^hmac-sha256:/),
    metadata: { username: expect.stringMatching(/^hmac-sha256:/) },
    display_name: `userpass-${user}`,
    policies: ['default', 'dev'],
    token_ttl: 2_764_800,
    token_type: 'service',
  });
  for (const secret of [auth.client_token, auth.accessor, password]) expect(lines.join('')).not.toContain(secret);
});

test('disabling the method ends its tokens and all below them at once; others stay, and nothing of them is left behind', async () => {
  const at = `ends-${users}`;
  await host.send('POST', `sys/auth/${at}`, { type: 'userpass' });
  await allow({ token_policies: ['maker', 'dev'] }, at);
  const kept = await tokenOf({});
  const { client_token: token } = (await logIn(user, password, at)).json.auth as { client_token: string };
  const child = (await host.send('POST', 'auth/token/create', { policies: ['dev'] }, token)).json.auth.client_token as string;
  expect([(await look(token)).status, (await look(child)).status]).toEqual([200, 200]);
  expect((await host.send('DELETE', `sys/auth/${at}`)).status).toBe(204);
  expect([(await look(token)).status, (await look(child)).status, (await look(kept)).status]).toEqual([403, 403, 200]);
  expect((await logIn(user, password, at)).status).toBe(403);
  // A mount of the same name knows nobody.
  await host.send('POST', `sys/auth/${at}`, { type: 'userpass' });
  expect([(await look(token)).status, (await logIn(user, password, at)).status]).toEqual([403, 400]);
  await host.server.housekeeping?.sweep();
  const { tokens } = unsealed();
  const names = await new Transaction(unsealed()).list('core/token/id/', '', 10_000);
  expect(names).not.toContain(tokens.hash(token));
  expect(names).not.toContain(tokens.hash(child));
  expect(await new Transaction(unsealed()).list('core/token/closed/', '', 10)).toEqual([]);
});

test('a hundred right logins of one user at once all succeed, each with a token of its own', async () => {
  await allow();
  const answers = await Promise.all(Array.from({ length: 100 }, () => logIn()));
  expect(answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
  expect(new Set(answers.map(({ json }) => json.auth.client_token as string)).size).toBe(100);
});

test('a body that names a key twice is refused, and so is one without a password', async () => {
  await allow();
  const twice = await host.send('POST', `auth/userpass/login/${user}`, '{"password":"x","password":"correct horse"}', '');
  expect(twice).toMatchObject({ status: 400, json: { errors: ['request body: an object names a key twice'] } });
  expect(await host.send('POST', `auth/userpass/login/${user}`, {}, '')).toMatchObject({
    status: 400,
    json: { errors: ['missing password'] },
  });
  const long = await host.send('POST', `auth/userpass/login/${user}`, { password: 'x'.repeat(1025) }, '');
  expect([long.status, long.json.errors[0]]).toEqual([400, expect.stringContaining('password')]);
});

test.each([
  ['default-service', 'default', 'service'],
  ['default-service', 'service', 'service'],
  ['default-service', 'batch', 'batch'],
  ['default-batch', 'default', 'batch'],
  ['default-batch', 'service', 'service'],
  ['default-batch', 'batch', 'batch'],
  ['service', 'batch', 'service'],
  ['batch', 'default', 'batch'],
  ['batch', 'service', 'batch'],
])('at a mount of %s tokens, a user of %s tokens gets a %s token', async (mountType, userType, expected) => {
  const at = `typed-${mountType}-${userType}`;
  await host.send('POST', `sys/auth/${at}`, { type: 'userpass', config: { token_type: mountType } });
  expect((await host.send('GET', `sys/auth/${at}/tune`)).json.data.token_type).toBe(mountType);
  await allow({ token_type: userType, token_policies: ['dev'], token_ttl: 600 }, at);
  const { auth } = (await logIn(user, password, at)).json as { auth: { client_token: string; token_type: string } };
  expect(auth.token_type).toBe(expected);
  expect(auth.client_token.startsWith(expected === 'batch' ? 'hvb.' : 'hvs.')).toBe(true);
  expect(auth).toMatchObject({ policies: ['default', 'dev'], lease_duration: 600, renewable: expected === 'service', orphan: true });
  expect((await look(auth.client_token)).json.data).toMatchObject({
    type: expected,
    path: `auth/${at}/login/${user}`,
    ttl: expect.any(Number),
  });
});

test('batch tokens of a method end with it at once, and one with limited uses is refused', async () => {
  await host.send('POST', 'sys/auth/batches', { type: 'userpass', config: { token_type: 'batch' } });
  await allow({}, 'batches');
  const { client_token: token } = (await logIn(user, password, 'batches')).json.auth as { client_token: string };
  expect((await look(token)).status).toBe(200);
  await allow({ token_num_uses: 3 }, 'batches');
  expect(await logIn(user, password, 'batches')).toMatchObject({
    status: 400,
    json: { errors: [expect.stringContaining('batch tokens cannot have "num_uses" set')] },
  });
  await host.send('DELETE', 'sys/auth/batches');
  expect((await look(token)).status).toBe(403);
});
