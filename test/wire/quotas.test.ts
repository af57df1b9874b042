/** `sys/quotas/…` over HTTP. */
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { AnswerReader, requestBytes } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
  await call('POST', 'auth/userpass/users/amy', { password: 'pw' });
});
afterAll(() => server.destroy());
afterEach(async () => {
  for (const name of ['all', 'kv', 'login']) await call('DELETE', `sys/quotas/rate-limit/${name}`);
  await call('POST', 'sys/quotas/config', {
    rate_limit_exempt_paths: [],
    absolute_rate_limit_exempt_paths: '',
    enable_rate_limit_audit_logging: false,
    enable_rate_limit_response_headers: 'false',
  });
});

const call = callTo(() => server);

async function statuses(count: number, path: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await call('GET', path)).status);
  return found;
}

test('a rate limit is written by POST and PUT, read exactly, listed both ways and deleted', async () => {
  for (const method of ['POST', 'PUT']) {
    const body = { type: 'rate-limit', path: 'secret/', rate: 1000.5, interval: '1m', block_interval: 30, inheritable: null };
    expect(await call(method, 'sys/quotas/rate-limit/kv', body)).toMatchObject({ status: 204, text: '' });
    expect((await call('GET', 'sys/quotas/rate-limit/kv')).json.data).toEqual({
      block_interval: 30,
      interval: 60,
      name: 'kv',
      path: 'secret/',
      rate: 1000.5,
      role: '',
      type: 'rate-limit',
    });
    expect((await call('LIST', 'sys/quotas/rate-limit')).json.data.keys).toEqual(['kv']);
    expect((await call('GET', 'sys/quotas/rate-limit?list=true')).json.data.keys).toEqual(['kv']);
    expect((await call('DELETE', 'sys/quotas/rate-limit/kv')).status).toBe(204);
    expect((await call('DELETE', 'sys/quotas/rate-limit/kv')).status).toBe(204);
    expect(await call('GET', 'sys/quotas/rate-limit/kv')).toMatchObject({ status: 404, json: { errors: [] } });
    expect((await call('LIST', 'sys/quotas/rate-limit')).status).toBe(404);
  }
});

test.each([
  [{}, 'field rate'],
  [{ rate: 0 }, 'field rate'],
  [{ rate: -1 }, 'field rate'],
  [{ rate: 'many' }, 'field rate'],
  [{ rate: 1, interval: 'soon' }, 'field interval'],
  [{ rate: 1, block_interval: -1 }, 'field block_interval'],
  [{ rate: 1, interval: '9999999h' }, 'field interval'],
  [{ rate: 1, path: 'nowhere/' }, 'field path'],
  [{ rate: 1, path: 'secret/../sys' }, 'request path'],
  [{ rate: 1, role: 'ci' }, 'field role'],
  [{ rate: 1, path: 'secret', role: 'ci' }, 'field role'],
  [{ rate: 1, path: 'auth/userpass/login', role: 'ci' }, 'field role'],
  [{ rate: 1, path: 'secret', inheritable: true }, 'field inheritable'],
])('a rate limit that cannot be is refused in words: %j', async (body, text) => {
  const { status, json } = await call('POST', 'sys/quotas/rate-limit/kv', body);
  expect([status, json.errors[0]]).toEqual([400, expect.stringContaining(text)]);
});

test('two quotas for one place are refused, and a name that is none', async () => {
  expect((await call('POST', 'sys/quotas/rate-limit/kv', { path: 'secret/', rate: 1000 })).status).toBe(204);
  expect((await call('POST', 'sys/quotas/rate-limit/all', { path: '/secret', rate: 5 })).json.errors[0]).toContain('under the name "kv"');
  expect((await call('POST', `sys/quotas/rate-limit/${'n'.repeat(257)}`, { rate: 5 })).status).toBe(400);
});

test('who asks too often is refused with 429 and the time to wait, and only there', async () => {
  await call('POST', 'sys/quotas/rate-limit/kv', { path: 'secret/', rate: 3, interval: '1h' });
  expect(await statuses(5, 'secret/data/x')).toEqual([404, 404, 404, 429, 429]);
  const refused = await call('PUT', 'secret/data/x', { data: {} });
  expect(refused).toMatchObject({ status: 429, json: { errors: ['request path "secret/data/x": rate limit quota exceeded'] } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3590);
  expect(refused.headers['x-ratelimit-limit']).toBeUndefined();
  expect(await statuses(2, 'sys/mounts')).toEqual([200, 200]);
  // What is changed counts anew.
  await call('POST', 'sys/quotas/rate-limit/kv', { path: 'secret/', rate: 4, interval: '1h' });
  expect(await statuses(5, 'secret/data/x')).toEqual([404, 404, 404, 404, 429]);
});

test('the most specific quota counts, and exempt paths have none', async () => {
  await call('POST', 'sys/quotas/rate-limit/all', { path: 'secret/data/few', rate: 1, interval: '1h' });
  await call('POST', 'sys/quotas/rate-limit/kv', { path: 'secret/', rate: 2, interval: '1h' });
  expect(await statuses(2, 'secret/data/few')).toEqual([404, 429]);
  expect(await statuses(3, 'secret/data/x')).toEqual([404, 404, 429]);
  expect((await call('PUT', 'sys/quotas/config', { rate_limit_exempt_paths: ['secret/data/few'] })).status).toBe(204);
  expect(await statuses(3, 'secret/data/few')).toEqual([404, 404, 404]);
  expect(await statuses(1, 'secret/data/x')).toEqual([429]);
  await call('POST', 'sys/quotas/config', { rate_limit_exempt_paths: '', absolute_rate_limit_exempt_paths: 'secret/data/x*' });
  expect([...(await statuses(1, 'secret/data/few')), ...(await statuses(1, 'secret/data/xyz'))]).toEqual([429, 404]);
});

test('the config is read as it was written; headers and audit lines come when it says so', async () => {
  const config = {
    absolute_rate_limit_exempt_paths: ['sys/internal/ui/mounts'],
    enable_rate_limit_audit_logging: true,
    enable_rate_limit_response_headers: true,
    rate_limit_exempt_paths: ['sys/quotas'],
  };
  expect((await call('POST', 'sys/quotas/config', config)).status).toBe(204);
  expect((await call('GET', 'sys/quotas/config')).json.data).toEqual(config);
  await call('POST', 'sys/quotas/rate-limit/all', { rate: 2, interval: '1h' });
  const allowed = await call('GET', 'sys/mounts');
  expect(allowed.headers).toMatchObject({
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '1',
    'x-ratelimit-reset': expect.stringMatching(/GMT$/),
  });
  expect((await call('GET', 'secret/data/x', undefined, 'hvs.unknown')).headers['x-ratelimit-remaining']).toBe('0');
  expect((await call('GET', 'sys/mounts/limited')).headers).toMatchObject({
    'x-ratelimit-remaining': '0',
    'retry-after': expect.any(String),
  });
  const lines = server.auditLines().filter(({ request }) => request?.path === 'sys/mounts/limited');
  expect(lines.map(({ type, error }) => [type, error])).toEqual([
    ['request', expect.stringContaining('rate limit quota exceeded')],
    ['response', expect.stringContaining('rate limit quota exceeded')],
  ]);
  expect((await call('POST', 'sys/quotas/config', { enable_rate_limit_audit_logging: 'perhaps' })).status).toBe(400);
});

test('a quota of a role is for logins that name it', async () => {
  await call('POST', 'sys/quotas/rate-limit/login', { path: 'auth/userpass/', role: 'ci', rate: 1, interval: '1h' });
  const login = async (role: unknown): Promise<number> =>
    (await call('POST', 'auth/userpass/login/amy', { password: 'pw', role }, undefined)).status;
  expect([await login('ci'), await login('ci'), await login('other'), await login(['ci'])]).toEqual([200, 429, 200, 200]);
});

test('a request over its rate is answered before its body is sent', async () => {
  await call('POST', 'sys/quotas/rate-limit/kv', { path: 'secret/', rate: 1, interval: '1h' });
  await call('GET', 'secret/data/x');
  const { socket } = server.connect();
  await once(socket, 'connect');
  const answers = new AnswerReader(socket);
  socket.write(requestBytes({ method: 'POST', path: 'secret/data/x' }).toString().replace('Content-Length: 0', 'Content-Length: 30000000'));
  expect((await answers.next())?.status).toBe(429);
  socket.destroy();
});

test('quotas move with their mount, and end with it', async () => {
  await call('POST', 'sys/mounts/moving', { type: 'kv', options: { version: '2' } });
  await call('POST', 'sys/quotas/rate-limit/kv', { path: 'moving/data/x', rate: 1, interval: '1h' });
  await call('POST', 'sys/quotas/lease-count/moved', { path: 'moving', max_leases: 5 });
  expect((await call('POST', 'sys/remount', { from: 'moving', to: 'moved' })).status).toBe(200);
  expect((await call('GET', 'sys/quotas/rate-limit/kv')).json.data.path).toBe('moved/data/x');
  expect((await call('GET', 'sys/quotas/lease-count/moved')).json.data.path).toBe('moved/');
  expect(await statuses(2, 'moved/data/x')).toEqual([404, 429]);
  expect((await call('DELETE', 'sys/mounts/moved')).status).toBe(204);
  expect((await call('GET', 'sys/quotas/rate-limit/kv')).status).toBe(404);
  expect((await call('GET', 'sys/quotas/lease-count/moved')).status).toBe(404);
});

test('quotas hold after a restart', async () => {
  await call('POST', 'sys/quotas/rate-limit/kv', { path: 'secret/', rate: 1, interval: '1h' });
  await server.kill();
  await server.restart();
  expect((await call('GET', 'sys/quotas/rate-limit/kv')).json.data.rate).toBe(1);
  expect(await statuses(2, 'secret/data/x')).toEqual([404, 429]);
});

test('a lease count is written, read, listed and deleted, and refuses what cannot be', async () => {
  for (const method of ['POST', 'PUT']) {
    expect((await call(method, 'sys/quotas/lease-count/l', { path: 'secret', max_leases: 10 })).status).toBe(204);
    expect((await call('GET', 'sys/quotas/lease-count/l')).json.data).toEqual({
      counter: 0,
      max_leases: 10,
      name: 'l',
      path: 'secret/',
      role: '',
      type: 'lease-count',
    });
    expect((await call('LIST', 'sys/quotas/lease-count')).json.data.keys).toEqual(['l']);
    expect((await call('GET', 'sys/quotas/lease-count?list=1')).json.data.keys).toEqual(['l']);
    expect((await call('DELETE', 'sys/quotas/lease-count/l')).status).toBe(204);
    expect((await call('GET', 'sys/quotas/lease-count/l')).status).toBe(404);
    expect((await call('LIST', 'sys/quotas/lease-count')).status).toBe(404);
  }
  for (const [body, text] of [
    [{ path: 'secret' }, 'max_leases'],
    [{ max_leases: 0 }, 'max_leases'],
    [{ max_leases: 5, path: 'auth/userpass', role: 'x' }, 'field role'],
    [{ max_leases: 5, path: 'nowhere' }, 'field path'],
  ] as const)
    expect((await call('POST', 'sys/quotas/lease-count/l', body)).json.errors[0]).toContain(text);
});

test('all of it needs a right', async () => {
  for (const [method, path] of [
    ['GET', 'sys/quotas/config'],
    ['POST', 'sys/quotas/config'],
    ...['rate-limit', 'lease-count'].flatMap((kind) => [
      ['LIST', `sys/quotas/${kind}`],
      ['GET', `sys/quotas/${kind}/x`],
      ['PUT', `sys/quotas/${kind}/x`],
      ['DELETE', `sys/quotas/${kind}/x`],
    ]),
  ] as [string, string][])
    expect([path, (await call(method, path, undefined, 'hvs.unknown')).status]).toEqual([path, 403]);
});
