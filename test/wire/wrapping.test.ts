/** Response wrapping over HTTP: any path by header, and `sys/wrapping/…`. */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
  await call('POST', 'secret/data/app', { body: '{"data":{"password":"p1","n":12345678901234567890}}' });
});
afterAll(() => server.destroy());

interface CallOptions {
  readonly body?: unknown;
  /** Undefined: none. Default: root's. */
  readonly token?: string | undefined;
  readonly wrap?: string;
  readonly jwt?: boolean;
}

function call(method: string, path: string, options: CallOptions = {}): Promise<RawAnswer> {
  const { body, wrap, jwt } = options;
  const headers = {
    ...(wrap === undefined ? {} : { 'X-Vault-Wrap-TTL': wrap }),
    ...(jwt === true ? { 'X-Vault-Wrap-Format': 'jwt' } : {}),
  };
  const token = 'token' in options ? options.token : server.rootToken;
  return server.send({ method, path, token, headers, ...(body === undefined ? {} : { body }) });
}

async function wrapped(method = 'GET', path = 'secret/data/app', options: CallOptions = {}): Promise<string> {
  const { json, text } = await call(method, path, { wrap: '60', ...options });
  if (json?.wrap_info?.token === undefined) throw new Error(text);
  return json.wrap_info.token as string;
}

const gone = { status: 400, json: { errors: ['wrapping token is not valid or does not exist'] } };

test.each([
  ['60', 60],
  ['1m', 60],
  ['10s', 10],
  ['1h', 3600],
  ['1h30m', 5400],
])('an answer asked for wrapped for %s is nothing but a token, which gives the whole answer once', async (wrap, ttl) => {
  const { status, json } = await call('GET', 'secret/data/app', { wrap });
  expect(status).toBe(200);
  expect(json).toEqual({
    request_id: '',
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: {
      token: expect.stringMatching(/^hvs\.[0-9A-Za-z]{24}$/),
      accessor: expect.stringMatching(/^[0-9A-Za-z]{24}$/),
      ttl,
      creation_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      creation_path: 'secret/data/app',
    },
    warnings: null,
    auth: null,
    mount_type: 'kv',
  });
  const { token } = json.wrap_info as { token: string };
  const opened = await call('POST', 'sys/wrapping/unwrap', { token });
  expect(opened.status).toBe(200);
  expect(opened.text).toContain('12345678901234567890');
  expect(opened.json).toMatchObject({ data: { data: { password: 'p1' }, metadata: { version: 1 } }, wrap_info: null, mount_type: 'kv' });
  expect(opened.json.request_id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await call('POST', 'sys/wrapping/unwrap', { token })).toMatchObject(gone);
});

test.each(['POST', 'PUT'])(
  'a token unwraps by %s as the caller, in the body, and both ways at once; the second time it is a 400',
  async (method) => {
    for (const options of [
      (token: string): CallOptions => ({ token }),
      (token: string): CallOptions => ({ token, body: {} }),
      (token: string): CallOptions => ({ token, body: { token } }),
      (token: string): CallOptions => ({ body: { token } }),
    ]) {
      const token = await wrapped();
      expect((await call(method, 'sys/wrapping/unwrap', options(token))).json.data.data.password).toBe('p1');
      expect((await call(method, 'sys/wrapping/unwrap', options(token))).status).toBeGreaterThanOrEqual(400);
      expect(await call(method, 'sys/wrapping/unwrap', { token })).toMatchObject(gone);
      expect(await call(method, 'sys/wrapping/unwrap', { body: { token } })).toMatchObject(gone);
    }
  },
);

test('what is no wrapping token is refused, whoever asks, and stays what it was', async () => {
  const plain = await tokenWith(server, 'wrap-plain', 'path "sys/wrapping/*" { capabilities = ["update"] }');
  for (const path of ['sys/wrapping/unwrap', 'sys/wrapping/rewrap', 'sys/wrapping/lookup']) {
    for (const token of [plain, server.rootToken, 'hvs.unknown', '', 'x'.repeat(5000)]) {
      const { status } = await call('POST', path, { token: plain, body: { token } });
      expect([path, status]).toEqual([path, 400]);
    }
    expect(await call('PUT', path)).toMatchObject(gone);
    expect((await call('POST', path, { body: { token: ['a'] } })).json.errors[0]).toContain('token');
  }
  // A token's own storage is no wrapped answer, whatever stands in it.
  await call('POST', 'cubbyhole/response', { body: { response: '{}' } });
  await call('POST', 'cubbyhole/wrapinfo', { body: { creation_path: 'auth/userpass/login/x' } });
  expect(await call('POST', 'sys/wrapping/unwrap', { body: { token: server.rootToken } })).toMatchObject(gone);
  expect((await call('POST', 'sys/wrapping/unwrap', { token: undefined, body: { token: await wrapped() } })).status).toBe(403);
  expect((await call('POST', 'sys/wrapping/unwrap', { token: 'hvs.unknown', body: { token: await wrapped() } })).status).toBe(403);
  expect((await call('GET', 'auth/token/lookup-self', { token: plain })).status).toBe(200);
});

test('nobody can make a wrapping token but by wrapping', async () => {
  const refused = await call('POST', 'auth/token/create', { body: { policies: ['response-wrapping'] } });
  expect([refused.status, refused.json.errors[0]]).toEqual([400, 'cannot assign policy "response-wrapping"']);
  expect(
    (await call('PUT', 'sys/policies/acl/response-wrapping', { body: { policy: 'path "*" { capabilities = ["sudo"] }' } })).status,
  ).toBe(400);
  expect((await call('DELETE', 'sys/policies/acl/response-wrapping')).status).toBe(400);
  expect((await call('GET', 'sys/policies/acl/response-wrapping')).json.data.policy).toContain('cubbyhole/response');
  await call('POST', 'auth/userpass/users/wrapper', { body: { password: 'pw', token_policies: 'response-wrapping' } });
  expect((await call('POST', 'auth/userpass/login/wrapper', { token: undefined, body: { password: 'pw' } })).status).toBe(400);
});

test('a wrapping token can do nothing else, is spent by trying, and can neither be renewed nor have children', async () => {
  for (const [method, path] of [
    ['GET', 'secret/data/app'],
    ['GET', 'auth/token/lookup-self'],
    ['POST', 'auth/token/renew-self'],
    ['POST', 'auth/token/create'],
    ['POST', 'sys/wrapping/rewrap'],
    ['POST', 'cubbyhole/other'],
    ['POST', 'cubbyhole/response'],
  ] as const) {
    const token = await wrapped();
    expect([path, (await call(method, path, { token, body: method === 'POST' ? { a: 1 } : undefined })).status]).toEqual([path, 403]);
    expect(await call('POST', 'sys/wrapping/unwrap', { token })).toMatchObject(gone);
  }
  const token = await wrapped();
  expect((await call('POST', 'auth/token/renew', { body: { token } })).json.errors[0]).toContain('not renewable');
  expect((await call('POST', 'auth/token/lookup', { body: { token } })).json.data).toMatchObject({
    policies: ['response-wrapping'],
    num_uses: 1,
    renewable: false,
    orphan: true,
    path: 'secret/data/app',
    explicit_max_ttl: 60,
  });
});

test('a look-up says when and by which path, to anybody, and takes no use', async () => {
  const token = await wrapped('GET', 'secret/data/app', { wrap: '10m' });
  const about = { creation_path: 'secret/data/app', creation_time: expect.stringMatching(/Z$/), creation_ttl: 600 };
  expect((await call('POST', 'sys/wrapping/lookup', { token: undefined, body: { token } })).json.data).toEqual(about);
  expect((await call('PUT', 'sys/wrapping/lookup', { token })).json.data).toEqual(about);
  expect((await call('GET', 'sys/wrapping/lookup', { token })).json.data).toEqual(about);
  expect((await call('GET', `sys/wrapping/lookup?token=${token}`, { token: undefined })).json.data).toEqual(about);
  expect((await call('POST', 'sys/wrapping/unwrap', { token })).status).toBe(200);
  expect(await call('POST', 'sys/wrapping/lookup', { token: undefined, body: { token } })).toMatchObject(gone);
  expect(await call('GET', 'sys/wrapping/lookup', { token })).toMatchObject(gone);
});

test('a rewrapped answer has a new token with the old path and time to live, and the old token is worth nothing', async () => {
  for (const method of ['POST', 'PUT']) {
    const token = await wrapped('GET', 'secret/data/app', { wrap: '7m' });
    const { json } = await call(method, 'sys/wrapping/rewrap', { body: { token } });
    expect(json).toMatchObject({ request_id: '', data: null, wrap_info: { ttl: 420, creation_path: 'secret/data/app' } });
    expect(await call('POST', 'sys/wrapping/unwrap', { token })).toMatchObject(gone);
    expect(await call(method, 'sys/wrapping/rewrap', { body: { token } })).toMatchObject(gone);
    expect((await call('POST', 'sys/wrapping/unwrap', { token: json.wrap_info.token as string })).json.data.data.password).toBe('p1');
  }
});

test('any JSON that is sent can be wrapped, and comes back as it was written', async () => {
  for (const method of ['POST', 'PUT']) {
    const token = await wrapped(method, 'sys/wrapping/wrap', { body: '{"a":12345678901234567890,"__proto__":{"b":1.0},"deep":[null]}' });
    const { text } = await call('POST', 'sys/wrapping/unwrap', { token });
    expect(text).toContain('"data":{"a":12345678901234567890,"__proto__":{"b":1.0},"deep":[null]}');
  }
  expect((await call('POST', 'sys/wrapping/wrap', { body: { a: 1 } })).json.errors[0]).toContain('requires response wrapping');
  expect((await call('POST', 'sys/wrapping/wrap', { token: undefined, wrap: '60', body: { a: 1 } })).status).toBe(403);
  expect((await call('POST', 'sys/wrapping/wrap', { wrap: '60', body: '[1]' })).status).toBe(400);
  const empty = await wrapped('POST', 'sys/wrapping/wrap');
  expect((await call('POST', 'sys/wrapping/unwrap', { token: empty })).json.data).toEqual({});
});

test('a wrapped login or token tells its accessor, and the token that was wrapped works', async () => {
  await call('POST', 'auth/userpass/users/amy', { body: { password: 'pw' } });
  for (const [path, body] of [
    ['auth/token/create', { ttl: '1h' }],
    ['auth/userpass/login/amy', { password: 'pw' }],
  ] as const) {
    const { json } = await call('POST', path, { body, wrap: '60' });
    expect(json.auth).toBeNull();
    expect(json.wrap_info.creation_path).toBe(path);
    const opened = await call('POST', 'sys/wrapping/unwrap', { token: json.wrap_info.token as string });
    expect(opened.json.auth.accessor).toBe(json.wrap_info.wrapped_accessor);
    expect((await call('GET', 'auth/token/lookup-self', { token: opened.json.auth.client_token as string })).status).toBe(200);
  }
});

test('lists, answers without envelope and answers with warnings are wrapped; what is empty, missing or refused is not', async () => {
  const list = await wrapped('LIST', 'secret/metadata');
  expect((await call('POST', 'sys/wrapping/unwrap', { token: list })).json.data.keys).toEqual(['app']);
  const raw = await wrapped('GET', 'sys/metrics?format=prometheus');
  const metrics = await call('POST', 'sys/wrapping/unwrap', { token: raw });
  expect(metrics.headers['content-type']).toContain('text/plain');
  expect(metrics.text).toContain('# HELP');
  const top = await wrapped('GET', 'sys/mounts');
  expect((await call('POST', 'sys/wrapping/unwrap', { token: top })).json.data['secret/'].type).toBe('kv');
  expect((await call('POST', 'secret/data/deleted', { body: { data: {} } })).status).toBe(200);
  expect(await call('DELETE', 'secret/data/deleted', { wrap: '60' })).toMatchObject({ status: 204, text: '' });
  const deleted = await wrapped('GET', 'secret/data/deleted');
  expect(await call('POST', 'sys/wrapping/unwrap', { token: deleted })).toMatchObject({ status: 404, json: { data: { data: null } } });
  expect(await call('GET', 'secret/data/nothing', { wrap: '60' })).toMatchObject({ status: 404, json: { errors: [] } });
  expect(await call('LIST', 'secret/metadata/nothing', { wrap: '60' })).toMatchObject({ status: 404, json: { errors: [] } });
  expect((await call('GET', 'secret/data/app', { wrap: '60', token: 'hvs.unknown' })).status).toBe(403);
  expect((await call('POST', 'secret/data/app', { wrap: '60', body: {} })).json.errors[0]).toContain('no data provided');
  expect((await call('GET', 'sys/health', { wrap: '60' })).json.initialized).toBe(true);
  expect((await call('PUT', 'sys/unseal', { wrap: '60', body: { key: 'ab' } })).json.errors[0]).toContain('X-Vault-Wrap-TTL');
});

test('a backup, whose end nobody knows before, is not wrapped but refused in words', async () => {
  const { status, json } = await call('GET', 'sys/storage/raft/snapshot', { wrap: '60' });
  expect([status, json.errors[0]]).toEqual([400, expect.stringContaining('cannot be wrapped')]);
});

test('cubbyhole/response gives the answer as a text, once', async () => {
  const token = await wrapped();
  const { json } = await call('GET', 'cubbyhole/response', { token });
  expect(JSON.parse(json.data.response as string)).toMatchObject({ data: { data: { password: 'p1' } }, wrap_info: null });
  expect((await call('GET', 'cubbyhole/response', { token })).status).toBe(403);
  expect(await call('POST', 'sys/wrapping/unwrap', { token })).toMatchObject(gone);
});

test('a policy that asks for wrapping gives nothing without it, nor for shorter or longer', async () => {
  const token = await tokenWith(
    server,
    'wrap-bounds',
    'path "secret/data/*" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "10m" }',
  );
  const status = async (wrap?: string): Promise<number> =>
    (await call('GET', 'secret/data/app', { token, ...(wrap === undefined ? {} : { wrap }) })).status;
  expect([await status(), await status('59'), await status('60'), await status('10m'), await status('601')]).toEqual([
    403, 403, 200, 200, 403,
  ]);
});

test('the least of the bounds of several policies counts', async () => {
  await call('PUT', 'sys/policies/acl/wrap-least', {
    body: { policy: 'path "secret/data/*" { capabilities = ["read"] min_wrapping_ttl = "10s" max_wrapping_ttl = "2m" }' },
  });
  const token = await tokenWith(
    server,
    'wrap-most',
    'path "secret/data/*" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "10m" }',
    { policies: ['wrap-most', 'wrap-least'] },
  );
  const status = async (wrap?: string): Promise<number> =>
    (await call('GET', 'secret/data/app', { token, ...(wrap === undefined ? {} : { wrap }) })).status;
  expect([await status(), await status('9'), await status('10'), await status('2m'), await status('121')]).toEqual([
    403, 403, 200, 200, 403,
  ]);
});

test('a wrapping token ends with its time', async () => {
  const token = await wrapped('GET', 'secret/data/app', { wrap: '1' });
  await expect.poll(async () => (await call('POST', 'sys/wrapping/lookup', { body: { token } })).status, { timeout: 20_000 }).toBe(400);
  expect(await call('POST', 'sys/wrapping/unwrap', { token })).toMatchObject(gone);
});

test('in the form of a JWT a token can be verified before it is used, and works the same', async () => {
  const { data } = (await call('GET', 'sys/wrapping/pubkey', { token: undefined })).json;
  expect(data.jwt_curve).toBe('p521');
  const coordinate = (text: string): string => Buffer.from(BigInt(text).toString(16).padStart(132, '0'), 'hex').toString('base64url');
  const key = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-521', x: coordinate(data.jwt_x), y: coordinate(data.jwt_y) } });
  for (const use of [
    (token: string) => call('POST', 'sys/wrapping/unwrap', { token }),
    (token: string) => call('PUT', 'sys/wrapping/unwrap', { body: { token } }),
  ]) {
    const jwt = await wrapped('GET', 'secret/data/app', { jwt: true });
    const [header = '', claims = '', signature = ''] = jwt.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES512', typ: 'JWT' });
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    expect(said).toMatchObject({ type: 'wrapping', jti: expect.stringMatching(/^hvs\./) });
    expect((said['exp'] as number) - (said['iat'] as number)).toBe(60);
    expect(
      verify('sha512', Buffer.from(`${header}.${claims}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')),
    ).toBe(true);
    expect((await call('POST', 'sys/wrapping/lookup', { body: { token: jwt } })).json.data.creation_ttl).toBe(60);
    expect((await use(jwt)).json.data.data.password).toBe('p1');
    expect(await use(jwt)).toMatchObject(gone);
  }
});

test('a JWT with another key, another algorithm or none is worth nothing, and its token stays good', async () => {
  const jwt = await wrapped('GET', 'secret/data/app', { jwt: true });
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const none = part({ alg: 'none', typ: 'JWT' });
  const hs = part({ alg: 'HS512', typ: 'JWT' });
  const byForeign = sign('sha512', Buffer.from(`${header}.${claims}`), { key: foreign, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  for (const forged of [
    `${header}.${claims}.${byForeign}`,
    `${none}.${claims}.`,
    `${none}.${claims}.${signature}`,
    `${hs}.${claims}.${signature}`,
    `${header}.${claims}.`,
    `${header}.${claims}.${flipped}`,
    `${header}.${claims.slice(0, -1)}.${signature}`,
    `${part({ alg: 'ES512', typ: 'JWT', jwk: foreign.export({ format: 'jwk' }) })}.${claims}.${byForeign}`,
    `..`,
  ]) {
    expect(await call('POST', 'sys/wrapping/unwrap', { body: { token: forged } })).toMatchObject(gone);
    expect(await call('POST', 'sys/wrapping/unwrap', { token: forged })).toMatchObject(gone);
  }
  expect((await call('GET', 'auth/token/lookup-self', { token: jwt })).status).toBe(403);
  expect((await call('POST', 'sys/wrapping/unwrap', { token: jwt })).status).toBe(200);
});
