/** SIGHUP: what of the config is taken over while the server runs, and that the rest is named. */
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestServer } from '../harness/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.destroy());

/** Writes the config with these sections changed, and sends SIGHUP. @returns what the log says until it is done */
async function reloaded(sections: Readonly<Record<string, unknown>>, done: RegExp = /"msg":"reloaded"/): Promise<string> {
  const config = JSON.parse(readFileSync(server.configFile, 'utf8')) as Record<string, unknown>;
  writeFileSync(server.configFile, JSON.stringify({ ...config, ...sections }));
  const from = server.output.length;
  server.signal('SIGHUP');
  while (!done.test(server.output.slice(from))) await new Promise((resolve) => void setImmediate(resolve));
  return server.output.slice(from);
}

const write = async (bytes: number): Promise<number> =>
  (await server.send({ method: 'POST', path: 'secret/data/x', body: { data: { v: 'x'.repeat(bytes) } } })).status;

test('limits of bodies and paths count from the next request on', async () => {
  expect(await write(5000)).toBe(200);
  expect(await reloaded({ limits: { body_bytes: 4096, path_bytes: 256 } })).not.toContain('restart');
  expect(await write(5000)).toBe(413);
  expect(await write(100)).toBe(200);
  expect((await server.send({ method: 'GET', path: `secret/data/${'y'.repeat(300)}` })).status).toBe(413);
  await reloaded({ limits: {} });
  expect(await write(5000)).toBe(200);
});

test('the rate limit comes and goes', async () => {
  await reloaded({ limits: { rate_limit: { per_address_per_second: 1, burst: 2 } } });
  const statuses: number[] = [];
  for (let index = 0; index < 5; index++) statuses.push((await server.send({ method: 'GET', path: 'secret/data/x' })).status);
  expect(statuses).toContain(429);
  await reloaded({ limits: {} });
  for (let index = 0; index < 20; index++) expect((await server.send({ method: 'GET', path: 'secret/data/x' })).status).toBe(200);
});

test('a head that does not come is given up after the new time', async () => {
  await reloaded({ limits: { header_wait: '1s' } });
  const { socket } = server.connect();
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  const closed = once(socket, 'close');
  socket.write('GET /v1/sys/health HTTP/1.1\r\n');
  await closed;
  expect(answer).toContain('408');
  await reloaded({ limits: {} });
}, 20_000);

test('policies, lease TTLs and CORS', async () => {
  const origin = 'https://ui.example';
  await reloaded({
    policies: [{ name: 'declared', rules: 'path "a/b" { capabilities = ["read"] }' }],
    default_lease_ttl: '2h',
    cors: { enabled: true, allowed_origins: [origin] },
  });
  expect((await server.send({ method: 'GET', path: 'sys/policies/acl/declared' })).status).toBe(200);
  const made = await server.send({ method: 'POST', path: 'auth/token/create', body: { policies: ['default'] } });
  expect(made.json.auth.lease_duration).toBe(7200);
  const seen = await server.send({ method: 'GET', path: 'sys/health', headers: { Origin: origin } });
  expect(seen.headers['access-control-allow-origin']).toBe(origin);
});

test('the log level', async () => {
  const from = server.output.length;
  // A warning is logged on the way; that the reload is done is only an information.
  await reloaded({ log: { level: 'warn', format: 'json' }, cluster_name: 'another' }, /only after a restart: cluster_name/);
  await reloaded({ log: { level: 'info', format: 'json' } });
  expect(server.output.slice(from).match(/"msg":"reloaded"/g)).toHaveLength(1);
});

test('what can change only at a start is named in the log, and stays', async () => {
  const log = await reloaded({
    storage: { type: 'file', directory: 'elsewhere' },
    cluster_name: 'another',
    log: { level: 'info', format: 'pretty' },
    listeners: [{ type: 'tcp', address: `127.0.0.1:${server.port}`, max_connections: 50 }],
  });
  expect(log).toContain('changed in the config, but in force only after a restart: storage, log.format, cluster_name');
  expect((await server.send({ method: 'GET', path: 'sys/health' })).json.cluster_name).not.toBe('another');
  expect(await write(10)).toBe(200);
});

test('a config with a mistake changes nothing', async () => {
  expect(await reloaded({ limits: { body_bytes: 4096 }, mounts: 'none' }, /reloading failed/)).toContain('what was in force stays');
  expect(await write(5000)).toBe(200);
});
