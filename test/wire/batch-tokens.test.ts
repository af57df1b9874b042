/** Batch tokens over HTTP: what they can, what they can't, and that no other text is one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let creator: string;
beforeAll(async () => {
  server = await startWireServer({
    config: {
      auth: [
        { path: 'userpass/', type: 'userpass' },
        { path: 'machines/', type: 'userpass', token_type: 'batch' },
      ],
    },
  });
  creator = await tokenWith(
    server,
    'creator',
    'path "auth/token/*" { capabilities = ["create", "read", "update"] }\npath "secret/*" { capabilities = ["create", "read", "update"] }',
  );
});
afterAll(() => server.destroy());

const call = callTo(() => server);

async function batch(body: object, token = creator): Promise<string> {
  const { json, status, text } = await call('POST', 'auth/token/create', { type: 'batch', ...body }, token);
  if (status !== 200) throw new Error(text);
  return (json as { auth: { client_token: string } }).auth.client_token;
}

const statusOf = async (token: string): Promise<number> => (await call('GET', 'auth/token/lookup-self', undefined, token)).status;

test('a batch token comes in an auth block without accessor, works, and its look-up agrees', async () => {
  const { json } = await call(
    'PUT',
    'auth/token/create',
    {
      type: 'batch',
      ttl: '1h',
      renewable: true,
      num_uses: 0,
      period: '0s',
      explicit_max_ttl: '0s',
      meta: { team: 'red' },
      display_name: 'job',
    },
    creator,
  );
  expect(json.auth).toEqual({
    client_token: expect.stringMatching(/^hvb\.[0-9A-Za-z_-]+$/),
    accessor: '',
    policies: ['creator', 'default'],
    token_policies: ['creator', 'default'],
    metadata: { team: 'red' },
    lease_duration: 3600,
    renewable: false,
    entity_id: '',
    token_type: 'batch',
    orphan: false,
    mfa_requirement: null,
    num_uses: 0,
  });
  const token = (json.auth as { client_token: string }).client_token;
  const expected = {
    id: token,
    accessor: '',
    creation_ttl: 3600,
    display_name: 'token-job',
    type: 'batch',
    renewable: false,
    orphan: false,
    path: 'auth/token/create',
    meta: { team: 'red' },
    policies: ['creator', 'default'],
    expire_time: expect.stringMatching(/^\d{4}-/),
  };
  expect((await call('GET', 'auth/token/lookup-self', undefined, token)).json.data).toMatchObject(expected);
  expect((await call('POST', 'auth/token/lookup', { token })).json.data).toMatchObject(expected);
  expect((await call('POST', 'secret/data/by-batch', { data: { a: 1 } }, token)).status).toBe(200);
  expect((await call('POST', 'sys/capabilities', { token, path: 'secret/data/x' })).json.capabilities).toEqual([
    'create',
    'read',
    'update',
  ]);
});

test.each([
  [{ explicit_max_ttl: '1h' }, 'batch tokens cannot have "explicit_max_ttl" set'],
  [{ num_uses: 3 }, 'batch tokens cannot have "num_uses" set'],
  [{ period: '1h' }, 'batch tokens cannot have "period" set'],
  [{ id: 'mine' }, 'batch tokens cannot have "id" set'],
  [{ policies: ['root'] }, 'batch tokens cannot be root tokens'],
  [{}, 'batch tokens cannot be root tokens'],
  [
    { policies: Array.from({ length: 200 }, (_, n) => `a-policy-with-a-long-name-${n}`) },
    'fields policies, meta: a batch token holds them itself',
  ],
])('what a batch token cannot be is refused, not left out: %j', async (body, text) => {
  const { status, json } = await call('POST', 'auth/token/create', { type: 'batch', ...body });
  expect(status).toBe(400);
  expect(json.errors[0]).toContain(text);
});

test('it has no children, is not renewed and not revoked, and has no accessor', async () => {
  const token = await batch({ ttl: '1h' });
  const refusals = await Promise.all([
    call('POST', 'auth/token/create', {}, token),
    call('POST', 'auth/token/create', { type: 'batch' }, token),
    call('POST', 'auth/token/renew-self', {}, token),
    call('POST', 'auth/token/renew', { token }),
    call('POST', 'auth/token/revoke', { token }),
    call('POST', 'auth/token/revoke-self', {}, token),
    call('POST', 'auth/token/revoke-orphan', { token }),
    call('POST', 'auth/token/lookup-accessor', { accessor: '' }),
    call('POST', 'cubbyhole/mine', { a: 1 }, token),
  ]);
  expect(refusals.map(({ status, json }) => [status, json.errors[0]])).toEqual([
    [400, 'batch tokens cannot create more tokens'],
    [400, 'batch tokens cannot create more tokens'],
    [400, 'batch tokens cannot be renewed'],
    [400, 'batch tokens cannot be renewed'],
    [400, 'batch tokens cannot be revoked'],
    [400, 'batch tokens cannot be revoked'],
    [400, 'batch tokens cannot be revoked'],
    [400, expect.stringContaining('invalid accessor')],
    [400, 'cubbyhole operations are only supported by "service" type tokens'],
  ]);
  expect(await statusOf(token)).toBe(200);
});

test('it ends with the token that made it, also when that lets its other children live; an orphan does not', async () => {
  const made = (await call('POST', 'auth/token/create', { policies: ['creator'] })).json.auth as { client_token: string };
  const child = await batch({}, made.client_token);
  const orphan = await batch({ policies: ['creator'], no_parent: true }, server.rootToken);
  const released = (await call('POST', 'auth/token/create', { policies: ['creator'] })).json.auth as { client_token: string };
  const left = await batch({}, released.client_token);
  expect([await statusOf(child), await statusOf(orphan), await statusOf(left)]).toEqual([200, 200, 200]);
  expect((await call('POST', 'auth/token/revoke', { token: made.client_token })).status).toBe(204);
  expect((await call('POST', 'auth/token/revoke-orphan', { token: released.client_token })).status).toBe(204);
  expect([await statusOf(child), await statusOf(orphan), await statusOf(left)]).toEqual([403, 200, 403]);
});

test('it is worth nothing outside its addresses', async () => {
  expect(await statusOf(await batch({ bound_cidrs: '127.0.0.0/8' }))).toBe(200);
  expect(await statusOf(await batch({ bound_cidrs: '10.1.2.3' }))).toBe(403);
});

test('no other text is a batch token: no bit flipped, nothing cut or added, no second spelling, none of another server', async () => {
  const token = await batch({});
  const [prefix, text = ''] = token.split('.');
  const bytes = Buffer.from(text, 'base64url');
  const spoiled = new Set<string>();
  for (let at = 0; at < bytes.length; at++) {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
    spoiled.add(`${prefix}.${copy.toString('base64url')}`);
  }
  for (let length = 0; length < text.length; length += 7) spoiled.add(`${prefix}.${text.slice(0, length)}`);
  for (const tail of ['A', '=', '==', '.', '!', 'AAAA']) spoiled.add(token + tail);
  // Standard base64, and the loose bits of the last character: both decode to the same bytes.
  spoiled.add(`${prefix}.${bytes.toString('base64')}`);
  spoiled.add(`${prefix}.${bytes.subarray(0, 40).toString('base64url')}`);
  for (const last of ['A', 'B', 'g', 'w', '_']) spoiled.add(token.slice(0, -1) + last);
  spoiled.delete(token);
  const other = await startWireServer();
  try {
    const foreign = await other.send({ method: 'POST', path: 'auth/token/create', body: { type: 'batch', policies: ['default'] } });
    spoiled.add((foreign.json as { auth: { client_token: string } }).auth.client_token);
    expect((await other.send({ method: 'GET', path: 'auth/token/lookup-self', token })).status).toBe(403);
  } finally {
    await other.destroy();
  }
  const statuses = new Set<number>();
  for (const wrong of spoiled) statuses.add(await statusOf(wrong));
  expect(statuses).toEqual(new Set([403]));
  expect(await statusOf(token)).toBe(200);
});

test('it outlives rotations, a seal and a kill, because nothing of it is in the server', async () => {
  const token = await batch({ ttl: '1h', no_parent: true, policies: ['creator'] }, server.rootToken);
  for (let n = 0; n < 3; n++) expect((await call('POST', 'sys/rotate')).status).toBe(204);
  const rewrapped = async (): Promise<boolean> => (await call('GET', 'sys/key-status')).json.data.rewrap.state === 'idle';
  await expect.poll(rewrapped, { timeout: 30_000 }).toBe(true);
  const younger = await batch({ no_parent: true, policies: ['creator'] }, server.rootToken);
  expect([await statusOf(token), await statusOf(younger)]).toEqual([200, 200]);
  await server.kill();
  await server.restart();
  expect([await statusOf(token), await statusOf(younger)]).toEqual([200, 200]);
});

test('a thousand of them leave nothing in the store', async () => {
  const before = (await call('LIST', 'auth/token/accessors')).json.data.keys.length as number;
  for (let n = 0; n < 20; n++) await Promise.all(Array.from({ length: 50 }, () => batch({})));
  expect((await call('LIST', 'auth/token/accessors')).json.data.keys).toHaveLength(before);
});

test('an auth method gives them where the config says so', async () => {
  await call('POST', 'auth/machines/users/robot', { password: 'p', token_policies: 'creator' });
  const { auth } = (await call('POST', 'auth/machines/login/robot', { password: 'p' })).json as { auth: { client_token: string } };
  expect(auth).toMatchObject({ token_type: 'batch', orphan: true, accessor: '' });
  expect(await statusOf(auth.client_token)).toBe(200);
  expect((await call('GET', 'sys/auth/machines/tune')).json.data.token_type).toBe('batch');
});
