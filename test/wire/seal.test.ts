/** Shamir: initialization, unsealing by shares, sealing, and what a sealed server says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer } from './wire-server.ts';

reportCoverage(import.meta.filename);

const shamir = { seal: { type: 'shamir' }, initialize: { auto: false } };

let server: TestServer;
let keys: string[];
let root: string;
beforeAll(async () => {
  server = await startWireServer({ config: shamir });
});
afterAll(() => server.destroy());

function call(method: string, path: string, body?: unknown, token?: string): Promise<RawAnswer> {
  return server.send({ method, path, token, ...(body === undefined ? {} : { body }) });
}

const share = (key: string): Promise<RawAnswer> => call('PUT', 'sys/unseal', { key, reset: null, migrate: null });

test('a server that is not initialized says so', async () => {
  expect((await call('GET', 'sys/health')).status).toBe(501);
  expect((await call('GET', 'sys/health?uninitcode=299')).status).toBe(299);
  expect((await call('GET', 'sys/init')).json).toEqual({ initialized: false });
  expect((await call('GET', 'sys/seal-status')).json).toMatchObject({ initialized: false, sealed: true, t: 0, n: 0 });
  expect((await call('PUT', 'sys/unseal', { key: 'AAAA' })).status).toBe(400);
  expect(await call('GET', 'secret/data/x', undefined, 'any')).toMatchObject({
    status: 503,
    json: { errors: ['Vault is sealed'] },
    headers: { 'retry-after': expect.any(String) },
  });
});

test.each([
  [{}],
  [{ secret_shares: 0, secret_threshold: 0 }],
  [{ secret_shares: 3, secret_threshold: 5 }],
  [{ secret_shares: 3, secret_threshold: 1 }],
  [{ secret_shares: 256, secret_threshold: 3 }],
  [{ secret_shares: 'many', secret_threshold: 3 }],
  [{ secret_shares: 5, secret_threshold: 3, pgp_keys: ['x'] }],
  ['{"secret_shares":5,"secret_shares":6,"secret_threshold":3}'],
  ['{"secret_shares":'],
])('an initialization that cannot be is refused and leaves the server as it was: %j', async (body) => {
  expect((await call('PUT', 'sys/init', body)).status).toBe(400);
  expect((await call('GET', 'sys/init')).json).toEqual({ initialized: false });
});

test('of two hundred parallel initializations exactly one wins', async () => {
  const body = {
    secret_shares: 5,
    secret_threshold: 3,
    pgp_keys: null,
    recovery_shares: null,
    recovery_threshold: null,
    root_token_pgp_key: null,
    stored_shares: null,
  };
  const connections = Array.from({ length: 200 }, () => server.connect());
  const answers = await Promise.all(connections.map((connection) => connection.send({ method: 'PUT', path: 'sys/init', body })));
  for (const connection of connections) connection.close();
  const won = answers.filter(({ status }) => status === 200);
  expect(won).toHaveLength(1);
  const lost = answers.filter(({ status }) => status !== 200);
  expect(new Set(lost.map(({ status, json }) => `${status} ${String(json.errors)}`))).toEqual(
    new Set(['400 Vault is already initialized']),
  );
  const made = won[0]!.json as { keys: string[]; keys_base64: string[]; root_token: string };
  expect(made.keys_base64.map((key) => Buffer.from(key, 'base64').toString('hex'))).toEqual(made.keys);
  expect(made.keys.every((key) => key.length === 66)).toBe(true);
  keys = made.keys;
  root = made.root_token;
  expect((await call('POST', 'sys/init', body)).status).toBe(400);
});

test('shares count up to the threshold, the same one once, and a reset forgets them', async () => {
  expect((await call('GET', 'sys/health')).status).toBe(503);
  expect((await call('GET', 'sys/health?sealedcode=204')).status).toBe(204);
  const first = (await share(keys[0]!)).json;
  expect(first).toMatchObject({ sealed: true, t: 3, n: 5, progress: 1 });
  expect(first.nonce).toMatch(/^[0-9a-f-]{36}$/);
  expect((await share(keys[0]!)).json).toMatchObject({ sealed: true, progress: 1, nonce: first.nonce });
  expect((await share(Buffer.from(keys[0]!, 'hex').toString('base64'))).json.progress).toBe(1);
  expect((await share(keys[1]!)).json.progress).toBe(2);
  expect((await call('GET', 'sys/seal-status')).json).toMatchObject({ progress: 2, sealed: true, nonce: first.nonce });
  expect((await call('GET', 'sys/seal-status')).json).not.toHaveProperty('cluster_id');
  expect((await call('POST', 'sys/unseal', { reset: true })).json).toMatchObject({ progress: 0, nonce: '', sealed: true });
});

test('wrong shares are refused without saying which, and one has to start again', async () => {
  const wrong = `${'ab'.repeat(32)}77`;
  await share(keys[0]!);
  await share(keys[1]!);
  const { status, text } = await share(wrong);
  expect(status).toBe(400);
  expect(text).not.toContain(wrong);
  expect((await call('GET', 'sys/seal-status')).json).toMatchObject({ progress: 0, sealed: true });
  for (const key of ['', 'zz', 'abcd', `${keys[0]!}00`]) expect((await share(key)).status).toBe(400);
  expect((await call('PUT', 'sys/unseal', { key: keys[0], migrate: true })).status).toBe(400);
  expect((await call('PUT', 'sys/unseal', {})).status).toBe(400);
});

test('three of the five shares unseal, in any order, and the root token works', async () => {
  for (const key of [keys[4]!, keys[1]!]) expect((await share(key)).json.sealed).toBe(true);
  expect((await share(keys[2]!)).json).toMatchObject({ sealed: false, progress: 0, cluster_name: expect.any(String) });
  expect((await share(keys[0]!)).json.sealed).toBe(false);
  expect((await call('GET', 'sys/health')).status).toBe(200);
  expect((await call('GET', 'sys/health?activecode=250')).status).toBe(250);
  expect((await call('GET', 'sys/health?activecode=20')).status).toBe(400);
  expect((await call('POST', 'secret/data/x', { data: { a: 1 } }, root)).status).toBe(200);
});

test('sealing needs sudo, ends everything, and a sealed server answers 503 in one way', async () => {
  expect((await call('PUT', 'sys/seal')).status).toBe(403);
  expect(await call('PUT', 'sys/seal', undefined, root)).toMatchObject({ status: 204, text: '' });
  for (const [method, path] of [
    ['GET', 'secret/data/x'],
    ['LIST', 'secret/metadata'],
    ['POST', 'auth/token/create'],
    ['GET', 'sys/mounts'],
    ['GET', 'no/such'],
    ['PUT', 'sys/seal'],
  ] as const)
    expect([path, (await call(method, path, undefined, root)).json]).toEqual([path, { errors: ['Vault is sealed'] }]);
  expect((await call('GET', 'sys/health')).json).toMatchObject({ initialized: true, sealed: true, standby: true });
  for (const key of keys.slice(0, 3)) await share(key);
  expect((await call('GET', 'secret/data/x', undefined, root)).json.data.data).toEqual({ a: 1 });
});

test('one share of one unseals by itself, as base64 and as hexadecimal', async () => {
  const single = await startWireServer({ config: shamir });
  const made = (await single.send({ method: 'POST', path: 'sys/init', token: undefined, body: { secret_shares: 1, secret_threshold: 1 } }))
    .json;
  expect(made.keys).toHaveLength(1);
  for (const key of [made.keys[0], made.keys_base64[0]] as string[]) {
    const { json } = await single.send({ method: 'PUT', path: 'sys/unseal', token: undefined, body: { key } });
    expect(json).toMatchObject({ sealed: false, t: 1, n: 1 });
    await single.send({ method: 'PUT', path: 'sys/seal', token: made.root_token as string });
  }
  await single.destroy();
});
