/** What stands around a request: HEAD, OPTIONS, origins, namespaces, rates, tokens in either header. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer({
    config: { cors: { enabled: true, allowed_origins: ['https://ui.example'], allowed_headers: ['X-Custom'] } },
  });
});
afterAll(() => server.destroy());

function call(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  return server.send({ method, path, headers });
}

test('HEAD is the health check without its body, and 405 on everything else', async () => {
  const head = await call('HEAD', 'sys/health');
  expect(head).toMatchObject({ status: 200, text: '' });
  expect((await call('HEAD', 'sys/health?activecode=299')).status).toBe(299);
  for (const path of ['secret/data/x', 'sys/mounts', 'sys/seal-status', 'sys/init']) expect((await call('HEAD', path)).status).toBe(405);
  expect(server.auditLines().filter(({ request }) => request?.path === 'sys/health')).toEqual([]);
});

test('a preflight of an allowed origin tells what it may, another origin is refused', async () => {
  const allowed = await call('OPTIONS', 'secret/data/x', { Origin: 'https://ui.example', 'Access-Control-Request-Method': 'PUT' });
  expect(allowed.status).toBe(204);
  expect(allowed.headers).toMatchObject({
    'access-control-allow-origin': 'https://ui.example',
    'access-control-allow-methods': expect.stringContaining('LIST'),
    'access-control-allow-headers': expect.stringContaining('X-Custom'),
    vary: 'Origin',
  });
  expect((await call('OPTIONS', 'secret/data/x', { Origin: 'https://evil.example' })).status).toBe(403);
  const refused = await call('GET', 'sys/mounts', { Origin: 'https://evil.example' });
  expect(refused.status).toBe(403);
  expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
  expect((await call('GET', 'sys/mounts', { Origin: 'https://ui.example' })).headers['access-control-allow-origin']).toBe(
    'https://ui.example',
  );
});

test('every answer forbids caches and guessing of types, refusals and 204 included', async () => {
  for (const [method, path] of [
    ['GET', 'sys/health'],
    ['GET', 'nope/x'],
    ['PUT', 'sys/rotate'],
    ['GET', '/a/../b'],
    ['BREW', 'sys/health'],
    ['GET', 'secret/data/%2e%2e'],
  ] as const) {
    const answer = await call(method, path);
    expect([path, answer.headers['cache-control'], answer.headers['x-content-type-options']]).toEqual([path, 'no-store', 'nosniff']);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
    expect(answer.headers).not.toHaveProperty('x-powered-by');
  }
});

test('the root namespace may be named, any other is 404, and two are refused', async () => {
  for (const namespace of ['', 'root', 'root/', '/'])
    expect((await call('GET', 'sys/mounts', { 'X-Vault-Namespace': namespace })).status).toBe(200);
  for (const namespace of ['team', 'root/team', '../root', 'team/']) {
    const { status, json } = await call('GET', 'sys/mounts', { 'X-Vault-Namespace': namespace });
    expect([namespace, status, json.errors.length]).toEqual([namespace, 404, 1]);
  }
  expect((await call('GET', 'sys/mounts', { 'X-Vault-Namespace': 'root', 'x-vault-namespace': 'root' })).status).toBe(400);
});

test('the token comes in either header, and X-Vault-Token wins', async () => {
  const look = (headers: Record<string, string>): Promise<RawAnswer> =>
    server.send({ method: 'GET', path: 'auth/token/lookup-self', token: undefined, headers });
  expect((await look({ Authorization: `Bearer ${server.rootToken}` })).status).toBe(200);
  expect((await look({ Authorization: `bearer ${server.rootToken}` })).status).toBe(200);
  expect((await look({ Authorization: `Basic ${server.rootToken}` })).status).toBe(403);
  expect((await look({ Authorization: 'Bearer wrong', 'X-Vault-Token': server.rootToken })).status).toBe(200);
  expect((await look({ Authorization: `Bearer ${server.rootToken}`, 'X-Vault-Token': 'wrong' })).status).toBe(403);
  expect((await look({ 'X-Vault-Token': 'x'.repeat(5000) })).status).toBe(403);
});

test('headers of other servers that change nothing here are let through', async () => {
  const headers = { 'X-Vault-Request': 'true', 'X-Vault-No-Request-Forwarding': 'true', 'X-Vault-Inconsistent': 'forward-active-node' };
  expect((await call('GET', 'sys/mounts', headers)).status).toBe(200);
});

test('a wrap TTL that is none, 0, negative or beyond the maximum, and a form of token that there is not, are refused in words', async () => {
  for (const ttl of ['soon', '-1', '1e9', '0', '0s', '1s1', '769h', '99999999999999999999']) {
    const { status, json } = await call('GET', 'sys/mounts', { 'X-Vault-Wrap-TTL': ttl });
    expect([ttl, status, json.errors[0]]).toEqual([ttl, 400, expect.stringContaining('header X-Vault-Wrap-TTL')]);
  }
  const { status, json } = await call('GET', 'sys/mounts', { 'X-Vault-Wrap-TTL': '60', 'X-Vault-Wrap-Format': 'xml' });
  expect([status, json.errors[0]]).toEqual([400, expect.stringContaining('header X-Vault-Wrap-Format')]);
  expect((await call('GET', 'sys/mounts', { 'X-Vault-Wrap-TTL': '' })).json.wrap_info).toBeNull();
});

test('without origins in the config OPTIONS is 400, and a rate over the limit is 429 with the time to wait', async () => {
  const limited = await startWireServer({ config: { limits: { rate_limit: { per_address_per_second: 0.01, burst: 3 } } } });
  expect(await limited.send({ method: 'OPTIONS', path: 'sys/mounts' })).toMatchObject({ status: 400, json: { errors: [] } });
  const answers = [];
  for (let n = 0; n < 5; n++) answers.push(await limited.send({ method: 'GET', path: 'sys/mounts' }));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  expect(Number(answers[4]!.headers['retry-after'])).toBeGreaterThan(0);
  expect((await limited.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
  await limited.destroy();
});
