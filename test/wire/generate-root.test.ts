/** Generating a root token by shares, decoding it, and the rotation of keys: over HTTP. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

const attempt = 'sys/generate-root/attempt';
const update = 'sys/generate-root/update';
const otp = 'abcdefghijklmnopqrstuvwxyz01';
const idle = {
  nonce: '',
  started: false,
  progress: 0,
  required: 2,
  complete: false,
  encoded_token: '',
  encoded_root_token: '',
  pgp_fingerprint: '',
  otp: '',
  otp_length: 28,
};

let server: TestServer;
let shares: string[];

const call = callTo(() => server);

beforeAll(async () => {
  server = await startWireServer({
    config: { seal: { type: 'shamir' }, initialize: { auto: false }, unauthenticated: { generate_root: true } },
  });
  const { json } = await call('PUT', 'sys/init', { secret_shares: 3, secret_threshold: 2 }, undefined);
  server.rootToken = json.root_token as string;
  shares = json.keys;
  for (const key of shares.slice(0, 2)) await call('PUT', 'sys/unseal', { key });
});
beforeEach(() => call('DELETE', attempt));
afterAll(() => server.destroy());

async function generate(nonce: string): Promise<RawAnswer> {
  await call('POST', update, { key: shares[0], nonce });
  return call('PUT', update, { key: shares[2], nonce });
}

test('a quorum gets a root token, encoded by the password that the server made or was given', async () => {
  expect((await call('GET', attempt)).json).toEqual(idle);
  for (const given of [undefined, otp]) {
    const begun = (await call('PUT', attempt, given === undefined ? {} : { otp: given })).json;
    expect(begun).toEqual({
      ...idle,
      nonce: expect.any(String),
      started: true,
      otp: given === undefined ? expect.stringMatching(/^[0-9A-Za-z]{28}$/) : '',
    });
    expect((await call('GET', attempt)).json).toMatchObject({ nonce: begun.nonce, otp: '', started: true });
    expect((await call('POST', attempt, {})).json.errors).toEqual(['root generation already in progress']);
    const done = (await generate(begun.nonce as string)).json;
    expect(done).toMatchObject({ nonce: begun.nonce, started: true, progress: 2, required: 2, complete: true });
    expect(done.encoded_root_token).toBe(done.encoded_token);
    const decoded = await call('PUT', 'sys/decode-token', { encoded_token: done.encoded_token, otp: given ?? begun.otp }, undefined);
    const { token } = decoded.json.data;
    expect(token).toMatch(/^hvs\.[0-9A-Za-z]{24}$/);
    expect((await call('GET', 'auth/token/lookup-self', undefined, token as string)).json.data).toMatchObject({
      policies: ['root'],
      orphan: true,
      ttl: 0,
      expire_time: null,
    });
    expect((await call('GET', attempt)).json).toEqual(idle);
    expect(server.auditLines().some((line) => JSON.stringify(line).includes(token as string))).toBe(false);
  }
});

test('newer clients find the same below sys/generate-root-token, in envelopes, and need sudo', async () => {
  const path = (part: string): string => `sys/generate-root-token/${part}`;
  expect((await call('GET', path('attempt'))).json.data).toEqual(idle);
  const { nonce } = (await call('PUT', path('attempt'), { otp, pgp_key: '' })).json.data;
  await call('PUT', path('update'), { key: shares[0], nonce });
  const { data } = (await call('POST', path('update'), { key: shares[1], nonce })).json;
  expect(data).toMatchObject({ complete: true, nonce });
  expect((await call('POST', 'sys/decode-token', { encoded_token: data.encoded_root_token, otp }, undefined)).json.data.token).toMatch(
    /^hvs\./,
  );
  expect(await call('DELETE', path('attempt'))).toMatchObject({ status: 204 });
  for (const [method, part] of [
    ['GET', 'attempt'],
    ['PUT', 'attempt'],
    ['DELETE', 'attempt'],
    ['PUT', 'update'],
  ] as const)
    expect((await server.send({ method, path: path(part), token: undefined, ...(method === 'PUT' ? { body: {} } : {}) })).status).toBe(403);
});

test('wrong passwords, nonces and shares are refused and reveal nothing', async () => {
  for (const wrong of ['short', `${otp}x`, 'ü'.repeat(28)])
    expect((await call('PUT', attempt, { otp: wrong })).json).toEqual({ errors: ['OTP string has incorrect length'] });
  expect((await call('PUT', attempt, { pgp_key: 'x' })).json.errors).toEqual([expect.stringContaining('PGP is not supported')]);
  expect((await call('PUT', attempt, { pgp_key: 'x', otp })).status).toBe(400);
  expect((await call('PUT', update, { key: shares[0], nonce: 'any' })).json.errors).toEqual(['no root generation in progress']);
  const { nonce } = (await call('PUT', attempt, { otp })).json;
  const wrong = await call('PUT', update, { key: shares[0], nonce: `${nonce as string}x` });
  expect([wrong.status, wrong.json.errors]).toEqual([400, ['incorrect nonce supplied']]);
  expect((await call('PUT', update, { key: shares[0] })).status).toBe(400);
  expect((await call('PUT', update, { nonce })).status).toBe(400);
  expect((await call('PUT', update, { key: shares[0], nonce })).json.progress).toBe(1);
  expect((await call('PUT', update, { key: shares[0], nonce })).json.errors).toEqual([expect.stringContaining('already been provided')]);
  expect((await call('PUT', update, { key: `${'ab'.repeat(32)}77`, nonce })).status).toBe(400);
  expect((await call('GET', attempt)).json).toMatchObject({ started: true, progress: 0 });
  expect(await call('DELETE', attempt)).toMatchObject({ status: 204, text: '' });
  expect((await call('GET', attempt)).json).toEqual(idle);
});

test.each([[{}], [{ encoded_token: 'AAAA' }], [{ otp }], [{ encoded_token: 'AAAA', otp }]])(
  'a token that cannot be decoded is refused: %j',
  async (body) => {
    expect((await call('POST', 'sys/decode-token', body, undefined)).status).toBe(400);
  },
);

test('of two hundred parallel last shares exactly one makes a token', async () => {
  const { nonce } = (await call('PUT', attempt, { otp })).json;
  await call('PUT', update, { key: shares[0], nonce });
  const connections = Array.from({ length: 200 }, () => server.connect());
  const answers = await Promise.all(
    connections.map((connection) => connection.send({ method: 'PUT', path: update, body: { key: shares[1], nonce } })),
  );
  for (const connection of connections) connection.close();
  expect(answers.filter(({ status }) => status === 200).map(({ json }) => json.complete)).toEqual([true]);
  expect(answers.filter(({ status }) => status !== 200 && status !== 400)).toEqual([]);
});

test('without the config switch it needs sudo', async () => {
  const closed = await startWireServer();
  const token = await tokenWith(
    closed,
    'root-maker',
    'path "sys/generate-root/*" { capabilities = ["create", "read", "update", "delete"] }',
  );
  for (const [method, path] of [
    ['GET', attempt],
    ['PUT', attempt],
    ['DELETE', attempt],
    ['PUT', update],
  ] as const)
    expect([method, path, (await closed.send({ method, path, token, ...(method === 'PUT' ? { body: {} } : {}) })).status]).toEqual([
      method,
      path,
      403,
    ]);
  await closed.destroy();
});

test('the configuration of rotations keeps to the bounds of Vault, and changing it needs sudo', async () => {
  const path = 'sys/rotate/config';
  const initial = { enabled: true, max_operations: 3_865_470_566, interval: 0 };
  expect((await call('GET', path)).json.data).toEqual(initial);
  for (const [body, text] of [
    [{ max_operations: 999_999 }, 'max_operations must be in the range [1000000, 3865470566]'],
    [{ max_operations: 3_865_470_567 }, 'max_operations must be in the range [1000000, 3865470566]'],
    [{ interval: '23h59m59s' }, 'interval must be greater or equal to 24h0m0s'],
    [{ enabled: 'perhaps' }, 'field enabled'],
  ] as const)
    expect((await call('PUT', path, body)).json.errors[0]).toContain(text);
  expect((await call('GET', path)).json.data).toEqual(initial);
  expect((await call('PUT', path, { max_operations: 1_000_000, interval: '90h' })).status).toBe(204);
  expect((await call('POST', path, { enabled: false })).status).toBe(204);
  expect((await call('GET', path)).json.data).toEqual({ enabled: false, max_operations: 1_000_000, interval: '90h0m0s' });
  const token = await tokenWith(server, 'rotation-reader', 'path "sys/rotate/config" { capabilities = ["read", "create", "update"] }');
  expect((await call('GET', path, undefined, token)).status).toBe(200);
  expect((await call('PUT', path, { enabled: true }, token)).status).toBe(403);
  expect((await server.send({ method: 'GET', path, token: undefined })).status).toBe(403);
});
