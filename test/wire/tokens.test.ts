/** `auth/token/`: creation, look-up, renewal and revocation, by text, by accessor and for oneself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let creator: string;
beforeAll(async () => {
  server = await startWireServer();
  creator = await tokenWith(server, 'creator', 'path "auth/token/*" { capabilities = ["create", "read", "update"] }');
});
afterAll(() => server.destroy());

const call = callTo(() => server);

interface Auth {
  readonly client_token: string;
  readonly accessor: string;
}

async function create(body: object, token = server.rootToken): Promise<Auth> {
  const { json, status, text } = await call('POST', 'auth/token/create', body, token);
  if (status !== 200) throw new Error(text);
  return (json as { auth: Auth }).auth;
}

test('a created token comes in an auth block with every member, and its look-up agrees', async () => {
  const { json } = await call('PUT', 'auth/token/create', {
    policies: ['creator'],
    ttl: '1h',
    explicit_max_ttl: '2h',
    num_uses: 0,
    display_name: 'build bot',
    meta: { team: 'red' },
    renewable: true,
    id: null,
    no_parent: null,
  });
  expect(json.data).toBeNull();
  expect(json.auth).toEqual({
    client_token: expect.stringMatching(/^hvs\.[0-9A-Za-z]{24}$/),
    accessor: expect.stringMatching(/^[0-9A-Za-z]{24}$/),
    policies: ['creator', 'default'],
    token_policies: ['creator', 'default'],
    metadata: { team: 'red' },
    lease_duration: 3600,
    renewable: true,
    entity_id: '',
    token_type: 'service',
    orphan: false,
    mfa_requirement: null,
    num_uses: 0,
  });
  const { client_token: token, accessor } = json.auth as Auth;
  const expected = {
    id: token,
    accessor,
    creation_ttl: 3600,
    explicit_max_ttl: 7200,
    display_name: 'token-build-bot',
    policies: ['creator', 'default'],
    meta: { team: 'red' },
    orphan: false,
    path: 'auth/token/create',
    renewable: true,
    type: 'service',
    num_uses: 0,
    expire_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  };
  expect((await call('GET', 'auth/token/lookup-self', undefined, token)).json.data).toMatchObject(expected);
  expect((await call('POST', 'auth/token/lookup-self', undefined, token)).status).toBe(403);
  expect((await call('POST', 'auth/token/lookup-self')).status).toBe(200);
  expect((await call('POST', 'auth/token/lookup', { token })).json.data).toMatchObject(expected);
  expect((await call('GET', `auth/token/lookup?token=${token}`)).json.data).toMatchObject(expected);
  expect((await call('POST', 'auth/token/lookup-accessor', { accessor })).json.data).toMatchObject({ ...expected, id: '' });
  expect(
    (await server.send({ method: 'GET', path: 'auth/token/lookup-self', token: undefined, headers: { Authorization: `Bearer ${token}` } }))
      .status,
  ).toBe(200);
});

test('the root token has neither end nor parent', async () => {
  const { data } = (await call('GET', 'auth/token/lookup-self')).json;
  expect(data).toMatchObject({ policies: ['root'], ttl: 0, creation_ttl: 0, expire_time: null, orphan: true, renewable: false });
  expect(data).not.toHaveProperty('identity_policies');
});

test.each([
  [{ policies: ['root'] }, 'child policies must be subset of parent'],
  [{ policies: ['other'] }, 'child policies must be subset of parent'],
  [{ no_parent: true }, 'orphan token'],
  [{ period: '1h' }, 'periodic token'],
  [{ id: 'my-own' }, 'token id'],
  [{ type: 'transient' }, 'field type'],
  [{ entity_alias: 'bob' }, "'entity_alias' is only allowed in combination with token role"],
  [{ ttl: 'soon' }, 'field ttl'],
  [{ ttl: -5 }, 'field ttl'],
  [{ num_uses: 'many' }, 'field num_uses'],
  [{ num_uses: -1 }, 'field num_uses'],
  [{ bound_cidrs: ['10.0.0.0/33'] }, 'field bound_cidrs'],
  [{ meta: 'nonsense' }, 'field meta'],
])('a creation without the right to it, or with a field that cannot be, is 400: %j', async (body, text) => {
  const { status, json } = await call('POST', 'auth/token/create', body, creator);
  expect(status).toBe(400);
  expect(json.errors[0]).toContain(text);
});

test('a chosen id is taken once, and may not look like a generated one', async () => {
  expect((await create({ id: 'chosen-by-root' })).client_token).toBe('chosen-by-root');
  expect((await call('POST', 'auth/token/create', { id: 'chosen-by-root' })).status).toBe(400);
  expect((await call('GET', 'auth/token/lookup-self', undefined, 'chosen-by-root')).status).toBe(200);
});

test.each([
  ['hvs.chosen', "custom token ID cannot have the 'hvs.' prefix"],
  ['s.chosen', "custom token ID cannot have the 's.' prefix"],
  ['hvb.chosen', "custom token ID cannot have the '.' in the value"],
  ['cho.sen', "custom token ID cannot have the '.' in the value"],
  ['cho sen', 'field id: must be printable ASCII'],
  ['ch\u00f6sen', 'field id: must be printable ASCII'],
  ['x'.repeat(4097), 'field id: must NOT have more than 4096 characters'],
])('an id such as %s is refused', async (id, text) => {
  const { status, json } = await call('POST', 'auth/token/create', { id });
  expect([status, json.errors[0]]).toEqual([400, expect.stringContaining(text)]);
});

test('warnings tell of policies that do not exist and of a lifetime that was cut', async () => {
  const { json } = await call('POST', 'auth/token/create', { policies: 'nobody-wrote-it', ttl: '2h', explicit_max_ttl: '1h' });
  expect(json.auth.lease_duration).toBe(3600);
  expect(json.warnings).toEqual([
    'TTL of "2h0m0s" exceeded the effective max_ttl of "1h0m0s"; TTL value is capped accordingly',
    'Policy "nobody-wrote-it" does not exist',
  ]);
});

test('a renewal extends within the maximum, by text, accessor and for oneself', async () => {
  const { client_token: token, accessor } = await create({ policies: ['creator'], ttl: '10m', explicit_max_ttl: '1h' });
  expect((await call('PUT', 'auth/token/renew', { token, increment: 1800 })).json.auth).toMatchObject({
    client_token: token,
    lease_duration: 1800,
  });
  expect((await call('POST', 'auth/token/renew-accessor', { accessor, increment: '45m' })).json.auth).toMatchObject({
    client_token: '',
    lease_duration: 2700,
  });
  const own = (await call('POST', 'auth/token/renew-self', { increment: null }, token)).json.auth as { lease_duration: number };
  expect(own.lease_duration).toBe(600);
  expect((await call('POST', 'auth/token/renew-self', { increment: '9h' }, token)).json.auth.lease_duration).toBeLessThanOrEqual(3600);
  expect(await call('POST', 'auth/token/renew', { token: 'hvs.unknown' })).toMatchObject({
    status: 400,
    json: { errors: ['token not found'] },
  });
  expect((await call('POST', 'auth/token/renew-accessor', { accessor: 'unknown' })).status).toBe(400);
  expect((await call('POST', 'auth/token/renew-self', undefined)).status).toBe(400);
  const fixed = await create({ ttl: '10m', renewable: false });
  expect((await call('POST', 'auth/token/renew', { token: fixed.client_token })).status).toBe(400);
});

test('what look-ups and revocations say of tokens that are not there', async () => {
  expect(await call('POST', 'auth/token/lookup', { token: 'hvs.unknown' })).toMatchObject({ status: 403, json: { errors: ['bad token'] } });
  expect(await call('POST', 'auth/token/lookup-accessor', { accessor: 'unknown' })).toMatchObject({
    status: 400,
    json: { errors: ['1 error occurred:\n\t* invalid accessor\n\n'] },
  });
  expect((await call('POST', 'auth/token/revoke', { token: 'hvs.unknown' })).status).toBe(204);
  expect((await call('POST', 'auth/token/revoke-accessor', { accessor: 'unknown' })).json.warnings).toHaveLength(1);
  expect((await call('POST', 'auth/token/revoke', {})).status).toBe(400);
});

test('revocation takes the whole tree at once, orphans excepted', async () => {
  const parent = await create({ policies: ['creator'] });
  const child = await create({ policies: ['creator'] }, parent.client_token);
  const grandchild = await create({}, child.client_token);
  const orphan = (await call('POST', 'auth/token/create-orphan', { policies: ['creator'] })).json.auth as Auth;
  const below = await create({}, orphan.client_token);
  expect((await call('PUT', 'auth/token/revoke', { token: parent.client_token })).status).toBe(204);
  for (const { client_token: token } of [parent, child, grandchild])
    expect((await call('GET', 'auth/token/lookup-self', undefined, token)).status).toBe(403);
  expect((await call('GET', 'auth/token/lookup-self', undefined, orphan.client_token)).json.data.orphan).toBe(true);
  expect((await call('POST', 'auth/token/revoke-accessor', { accessor: orphan.accessor })).status).toBe(204);
  expect((await call('GET', 'auth/token/lookup-self', undefined, below.client_token)).status).toBe(403);
  const own = await create({});
  expect((await call('POST', 'auth/token/revoke-self', undefined, own.client_token)).status).toBe(204);
  expect((await call('POST', 'auth/token/revoke-self', undefined, own.client_token)).status).toBe(403);
});

test('a token with uses is counted down, cannot have children, and is gone after the last', async () => {
  const { client_token: token } = await create({ num_uses: 3, policies: ['creator'] });
  expect((await call('GET', 'auth/token/lookup-self', undefined, token)).json.data.num_uses).toBe(2);
  expect((await call('POST', 'auth/token/create', {}, token)).json.errors[0]).toContain('restricted use token');
  expect((await call('GET', 'secret/data/forbidden', undefined, token)).status).toBe(403);
  expect((await call('POST', 'auth/token/lookup', { token })).status).toBe(403);
  expect((await call('GET', 'auth/token/lookup-self', undefined, token)).status).toBe(403);
});

test.each([1, 7, 60])('of a hundred parallel uses of a token with %i, exactly as many win, over as many connections', async (uses) => {
  const { client_token: token } = await create({ num_uses: uses });
  const connections = Array.from({ length: 100 }, () => server.connect());
  const answers = await Promise.all(connections.map((c) => c.send({ method: 'GET', path: 'auth/token/lookup-self', token })));
  for (const connection of connections) connection.close();
  const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
  expect([count(200), count(403)]).toEqual([uses, 100 - uses]);
});

test('a token is worth nothing outside its addresses', async () => {
  const near = await create({ bound_cidrs: ['127.0.0.0/8', '::1'] });
  expect((await call('GET', 'auth/token/lookup-self', undefined, near.client_token)).json.data.bound_cidrs).toEqual([
    '127.0.0.0/8',
    '::1/128',
  ]);
  const far = await create({ bound_cidrs: '10.1.2.3' });
  expect(await call('GET', 'auth/token/lookup-self', undefined, far.client_token)).toMatchObject({
    status: 403,
    json: { errors: ['permission denied'] },
  });
});

test('a periodic token keeps its period at every renewal', async () => {
  const { client_token: token } = await create({ period: '30m' });
  const { data } = (await call('GET', 'auth/token/lookup-self', undefined, token)).json;
  expect(data).toMatchObject({ period: 1800, creation_ttl: 1800 });
  expect((await call('POST', 'auth/token/renew-self', { increment: '12h' }, token)).json.auth.lease_duration).toBe(1800);
});

test('the mount of tokens is tuned like others: its TTLs bound what is made and renewed from then on', async () => {
  const made = await create({ ttl: '40m' });
  expect((await call('POST', 'sys/auth/token/tune', { default_lease_ttl: '10m', max_lease_ttl: '30m', description: 'ours' })).status).toBe(
    204,
  );
  const tuned = { default_lease_ttl: 600, max_lease_ttl: 1800, description: 'ours' };
  expect((await call('GET', 'sys/auth/token/tune')).json.data).toMatchObject(tuned);
  expect((await call('GET', 'sys/mounts/auth/token/tune')).json.data).toMatchObject(tuned);
  expect((await call('GET', 'sys/auth')).json.data['token/']).toMatchObject({
    type: 'token',
    description: 'ours',
    config: { max_lease_ttl: 1800 },
  });
  expect((await call('POST', 'auth/token/create', {})).json.auth.policies).toEqual(['root']);
  expect((await call('POST', 'auth/token/create', { policies: 'creator' })).json.auth.lease_duration).toBe(600);
  const { json } = await call('POST', 'auth/token/create', { policies: 'creator', ttl: 3600 });
  expect([json.auth.lease_duration, json.warnings]).toEqual([
    1800,
    ['TTL of "1h0m0s" exceeded the effective max_ttl of "30m0s"; TTL value is capped accordingly'],
  ]);
  const periodic = await call('POST', 'auth/token/create', { policies: 'creator', period: 3600 });
  expect([periodic.json.auth.lease_duration, periodic.json.warnings]).toEqual([
    1800,
    ['period of "1h0m0s" exceeded the effective max_ttl of "30m0s"; period value is capped accordingly'],
  ]);
  expect((await call('POST', 'auth/token/renew', { token: made.client_token })).json.auth.lease_duration).toBeLessThanOrEqual(1800);
  expect((await call('POST', 'sys/auth/token/tune', { token_type: 'batch' })).status).toBe(400);
  expect((await call('POST', 'sys/auth/token/tune', { user_lockout_config: {} })).status).toBe(400);
  expect((await call('PUT', 'sys/mounts/auth/token/tune', { default_lease_ttl: 'system', max_lease_ttl: 'system' })).status).toBe(204);
  expect((await create({ ttl: '40m' })).client_token).toMatch(/^hvs\./);
  expect((await call('DELETE', 'sys/auth/token')).status).toBe(400);
});
