/** Clients behind proxies: whose word is taken for their address, over HTTP, TLS and the PROXY protocol. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certify } from '../harness/certificates.ts';
import { AnswerReader, Connection, requestBytes, type RawAnswer } from '../harness/client.ts';
import { freePort, type TestServer } from '../harness/server.ts';
import { startWireServer } from './wire-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'wire-proxies-'));
const elsewhere = ['10.0.0.0/8'];
const here = ['127.0.0.1', '::1'];
const kinds = {
  plain: {},
  forwarded: { x_forwarded_for: { authorized_addrs: here } },
  hops: { x_forwarded_for: { authorized_addrs: here, hop_skips: 1, reject_not_present: false } },
  stranger: { x_forwarded_for: { authorized_addrs: elsewhere } },
  lenient: { x_forwarded_for: { authorized_addrs: elsewhere, reject_not_authorized: false } },
  always: { proxy_protocol: { behavior: 'use_always' } },
  secure: {
    proxy_protocol: { behavior: 'use_always' },
    tls: { cert_file: join(directory, 'server.pem'), key_file: join(directory, 'server.key') },
  },
  allow: { proxy_protocol: { behavior: 'allow_authorized', authorized_addrs: elsewhere } },
  deny: { proxy_protocol: { behavior: 'deny_unauthorized', authorized_addrs: elsewhere } },
  both: { proxy_protocol: { behavior: 'deny_unauthorized', authorized_addrs: here }, x_forwarded_for: { authorized_addrs: elsewhere } },
} as const;
type Kind = keyof typeof kinds;
const ports = {} as Record<Kind, number>;

let server: TestServer;
beforeAll(async () => {
  certify(directory, 'server');
  for (const kind of Object.keys(kinds) as Kind[]) ports[kind] = await freePort();
  server = await startWireServer({
    config: {
      limits: { header_wait: '1s' },
      listeners: Object.entries(kinds).map(([kind, more]) => ({ type: 'tcp', address: `127.0.0.1:${ports[kind as Kind]}`, ...more })),
    },
  });
});
afterAll(async () => {
  await server.destroy();
  rmSync(directory, { recursive: true });
});

/** Sends a request on a connection of its own. @param before bytes ahead of it */
async function ask(kind: Kind, path: string, headers: Readonly<Record<string, string>> = {}, before?: Buffer | string): Promise<RawAnswer> {
  const connection = new Connection(ports[kind]);
  try {
    if (before !== undefined) connection.socket.write(before);
    return await connection.send({ method: 'GET', path, token: server.rootToken, headers });
  } finally {
    connection.close();
  }
}

/** The address and port that the audit has of the requests for a path. */
function recorded(path: string): readonly unknown[] {
  return server
    .auditLines()
    .flatMap(({ type, request }) => (type === 'request' && request?.path === path ? [[request.remote_address, request.remote_port]] : []));
}

const header = 'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n';
const binary = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c6336407dc0401bb', 'hex');

test('without a configured proxy no header is believed', async () => {
  expect(
    (await ask('plain', 'secret/data/none', { 'X-Forwarded-For': '192.0.2.1', 'X-Real-IP': '192.0.2.1', Forwarded: 'for=192.0.2.1' }))
      .status,
  ).toBe(404);
  expect(recorded('secret/data/none')).toEqual([['127.0.0.1', expect.any(Number)]]);
  const connection = new Connection(ports.plain);
  connection.socket.write(header);
  expect((await connection.answers.next())?.status).toBeGreaterThanOrEqual(400);
  connection.close();
});

test('a configured proxy speaks for its client, also for its later requests and over several lines', async () => {
  expect((await ask('forwarded', 'secret/data/xff', { 'X-Forwarded-For': '203.0.113.9, 192.0.2.1' })).status).toBe(404);
  const socket = connectTcp(ports.forwarded, '127.0.0.1');
  const lines = requestBytes({
    method: 'GET',
    path: 'secret/data/xff-two',
    token: server.rootToken,
    headers: { 'X-Forwarded-For': '203.0.113.9' },
  });
  socket.write(lines.toString().replace('\r\n\r\n', '\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n'));
  expect((await new AnswerReader(socket).next())?.status).toBe(404);
  socket.destroy();
  expect((await ask('hops', 'secret/data/hops', { 'X-Forwarded-For': '192.0.2.1, 10.1.1.1' })).status).toBe(404);
  expect((await ask('hops', 'secret/data/hops-none')).status).toBe(404);
  expect([
    recorded('secret/data/xff'),
    recorded('secret/data/xff-two'),
    recorded('secret/data/hops'),
    recorded('secret/data/hops-none'),
  ]).toMatchObject([
    [['192.0.2.1', expect.any(Number)]],
    [['192.0.2.2', expect.any(Number)]],
    [['192.0.2.1', expect.any(Number)]],
    [['127.0.0.1', expect.any(Number)]],
  ]);
});

test('what a proxy says wrongly, or what comes from somebody else, is refused as configured', async () => {
  expect((await ask('forwarded', 'sys/mounts')).json.errors[0]).toContain('missing x-forwarded-for');
  expect((await ask('forwarded', 'sys/mounts', { 'X-Forwarded-For': 'me' })).json.errors[0]).toContain('malformed');
  expect((await ask('hops', 'sys/mounts', { 'X-Forwarded-For': '192.0.2.1' })).json.errors[0]).toContain('hops to skip');
  expect(await ask('stranger', 'sys/mounts', { 'X-Forwarded-For': '10.0.0.1' })).toMatchObject({
    status: 400,
    json: { errors: [expect.stringContaining('not authorized')] },
  });
  expect((await ask('lenient', 'secret/data/lenient', { 'X-Forwarded-For': '10.0.0.1' })).status).toBe(404);
  expect(recorded('secret/data/lenient')).toMatchObject([['127.0.0.1', expect.any(Number)]]);
});

test('the address that a proxy names is the one that a token is bound to, and that is counted', async () => {
  const plain = new Connection(ports.plain);
  const asRoot = (method: string, path: string, body?: unknown): Promise<RawAnswer> =>
    plain.send({ method, path, token: server.rootToken, body });
  await asRoot('PUT', 'sys/policies/acl/bound', { policy: 'path "secret/data/*" { capabilities = ["read"] }' });
  const made = await asRoot('POST', 'auth/token/create', { policies: ['bound'], bound_cidrs: '192.0.2.0/24' });
  const token = made.json.auth.client_token as string;
  const status = async (address: string): Promise<number> => {
    const connection = new Connection(ports.forwarded);
    const answer = await connection.send({ method: 'GET', path: 'secret/data/bound', token, headers: { 'X-Forwarded-For': address } });
    connection.close();
    return answer.status;
  };
  expect([await status('192.0.2.77'), await status('198.51.100.1')]).toEqual([404, 403]);
  await asRoot('POST', 'sys/quotas/rate-limit/proxied', { path: 'secret/', rate: 1, interval: '1h' });
  expect([await status('192.0.2.3'), await status('192.0.2.3'), await status('192.0.2.4')]).toEqual([404, 429, 404]);
  await asRoot('DELETE', 'sys/quotas/rate-limit/proxied');
  plain.close();
});

test.each([
  ['version 1', header],
  ['version 2', binary],
])('a header of the PROXY protocol, %s, names the client of all requests of the connection', async (name, bytes) => {
  const path = `secret/data/proxy-${name.at(-1)}`;
  const connection = new Connection(ports.always);
  connection.socket.write(bytes);
  for (const method of ['GET', 'LIST', 'GET'])
    expect((await connection.send({ method, path, token: server.rootToken })).status).toBe(method === 'LIST' ? 405 : 404);
  connection.close();
  const client = ['192.0.2.1', 56324];
  expect(recorded(path)).toEqual([client, client, client]);
});

test('the header may come in pieces, with the first request, and before a LIST that is cut', async () => {
  for (const [index, method] of ['GET', 'LIST'].entries()) {
    const path = `secret/metadata/pieces-${index}`;
    const request = requestBytes({ method, path, token: server.rootToken });
    const whole = Buffer.concat([Buffer.from(header), request]);
    for (const cuts of [[], [1], [3, 20], [header.length], [header.length + 2], [header.length + 2, header.length + 4]]) {
      const socket = connectTcp({ port: ports.always, host: '127.0.0.1', noDelay: true });
      const answers = new AnswerReader(socket);
      await once(socket, 'connect');
      let from = 0;
      for (const cut of [...cuts, whole.length]) {
        socket.write(whole.subarray(from, cut));
        from = cut;
        // So that they arrive apart; when they do not, nothing fails.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect([method, cuts, (await answers.next())?.status]).toEqual([method, cuts, 404]);
      socket.destroy();
    }
    expect(recorded(path)).toHaveLength(6);
    expect(new Set(recorded(path).map(String))).toEqual(new Set(['192.0.2.1,56324']));
  }
});

test('over TLS the header precedes the handshake', async () => {
  for (const [index, bytes] of [Buffer.from(header), binary].entries()) {
    const raw = connectTcp(ports.secure, '127.0.0.1');
    raw.write(bytes);
    const secured = connectTls({ socket: raw, rejectUnauthorized: false });
    const connection = new Connection(secured);
    for (const method of ['GET', 'LIST'])
      expect((await connection.send({ method, path: `secret/metadata/tls-${index}`, token: server.rootToken })).status).toBe(404);
    connection.close();
    expect(recorded(`secret/metadata/tls-${index}`)).toEqual([
      ['192.0.2.1', 56324],
      ['192.0.2.1', 56324],
    ]);
  }
});

async function closedAfter(kind: Kind, bytes: Buffer | string): Promise<string> {
  const socket: Socket = connectTcp(ports[kind], '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}

test('a missing, malformed or slow header closes the connection without a word', async () => {
  const request = requestBytes({ method: 'GET', path: 'sys/health' });
  const all = (['always', 'secure', 'both'] as const).flatMap((kind) =>
    [request, 'PROXY TCP4 me you 1 2\r\n', `PROXY ${'x'.repeat(200)}`, binary.subarray(0, 20), 'PROX', ''].map((bytes) => ({
      kind,
      bytes,
    })),
  );
  expect(await Promise.all(all.map(({ kind, bytes }) => closedAfter(kind, bytes)))).toEqual(all.map(() => ''));
});

test('who is no proxy is let in as itself, or not at all', async () => {
  expect((await ask('allow', 'secret/data/allowed')).status).toBe(404);
  expect(recorded('secret/data/allowed')).toMatchObject([['127.0.0.1', expect.any(Number)]]);
  expect(await closedAfter('deny', requestBytes({ method: 'GET', path: 'sys/health' }))).toBe('');
  expect(await closedAfter('deny', header)).toBe('');
});

test('of a proxy ahead of a proxy, the one that the connection comes from is believed first', async () => {
  const through = (address: string): Promise<RawAnswer> =>
    ask('both', 'secret/data/both', { 'X-Forwarded-For': '192.0.2.9' }, `PROXY TCP4 ${address} 198.51.100.7 4000 443\r\n`);
  expect((await through('192.0.2.1')).json.errors[0]).toContain('not authorized');
  expect((await through('10.0.0.1')).status).toBe(404);
  expect(recorded('secret/data/both')).toEqual([['192.0.2.9', 4000]]);
});
