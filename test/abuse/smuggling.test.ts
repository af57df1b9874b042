/**
 * Malformed requests on a real server, each with a valid write by root behind it: first on a connection, and after a request that was
 * served. Invariants: the connection ends, nothing behind it is run, and the audit has never heard of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { malformedRequests } from '../../core/http/malformed-requests.ts';
import { type Attacked, startAttacked, statusesIn, type Transport, transports, untilEnd } from './sockets.ts';

let attacked: Attacked;
beforeAll(async () => {
  attacked = await startAttacked();
});
afterAll(() => attacked.destroy());

const body = '{"data":{"smuggled":true}}';

function requests(): readonly (readonly [string, string])[] {
  const token = `X-Vault-Token: ${attacked.server.rootToken}\r\n`;
  const smuggled = `PUT /v1/secret/data/smuggled HTTP/1.1\r\nHost: x\r\n${token}Content-Length: ${body.length}\r\n\r\n${body}`;
  return malformedRequests({ target: '/v1/secret/data/front', headers: token, smuggled });
}

const served = `GET /v1/sys/health HTTP/1.1\r\nHost: x\r\n\r\n`;
const ways = ['at once', 'after a request that was served', 'in two chunks'] as const;

/** The statuses of what is answered to a malformed request and to what follows it. */
async function answersTo(transport: Transport, request: string, way: (typeof ways)[number]): Promise<readonly number[]> {
  const socket = await attacked.open(transport);
  const ended = untilEnd(socket);
  if (way === 'after a request that was served') {
    socket.write(served);
    await new Promise((resolve) => socket.once('data', resolve));
  }
  const bytes = Buffer.from(request, 'latin1');
  const cut = way === 'in two chunks' ? bytes.indexOf('PUT /v1/secret/data/smuggled') + 5 : bytes.length;
  socket.write(bytes.subarray(0, cut));
  if (cut < bytes.length) setImmediate(() => socket.destroyed || socket.write(bytes.subarray(cut)));
  return statusesIn(await ended).slice(way === 'after a request that was served' ? 1 : 0);
}

test.each(transports)('what follows a malformed request is never run: %s', async (transport) => {
  const tries = requests().flatMap(([name, request]) => ways.map((way) => ({ name, request, way })));
  const outcomes = await Promise.all(
    tries.map(async ({ name, request, way }) => ({ name, way, statuses: await answersTo(transport, request, way) })),
  );
  expect(outcomes.filter(({ statuses }) => statuses.length > 1 || statuses.some((status) => status < 400 || status >= 500))).toEqual([]);
  expect((await attacked.ask({ method: 'GET', path: 'secret/metadata/smuggled' })).status).toBe(404);
  const paths = attacked.server.auditLines().map(({ request }) => `${request?.operation} ${request?.path}`);
  expect(paths.filter((line) => line.includes('secret/data/smuggled'))).toEqual([]);
});

test('the test would notice: the same request by itself is run', async () => {
  await attacked.ask({ method: 'PUT', path: 'secret/data/smuggled', body });
  expect((await attacked.ask({ method: 'GET', path: 'secret/data/smuggled' })).json.data.data).toEqual({ smuggled: true });
});

const twice: readonly (readonly [string, string, string])[] = [
  ['X-Vault-Token', 'ROOT', 'hvs.another'],
  ['X-Vault-Token', 'ROOT', 'ROOT'],
  ['Authorization', 'Bearer ROOT', 'Bearer hvs.another'],
  ['X-Vault-Namespace', 'root', ''],
  ['X-Vault-Wrap-TTL', '60', '3600'],
  ['X-Vault-Wrap-Format', 'jwt', 'jwt'],
  ['Content-Type', 'application/json', 'application/merge-patch+json'],
  ['Host', 'a', 'b'],
];

describe.each(transports)('%s', (transport) => {
  test.each(twice)('%s given twice is refused, and a write with it is not done', async (name, one, other) => {
    const { rootToken } = attacked.server;
    const named = (value: string): string => value.replace('ROOT', rootToken);
    const token = name === 'X-Vault-Token' || name === 'Authorization' ? '' : `X-Vault-Token: ${rootToken}\r\n`;
    const host = name === 'Host' ? '' : 'Host: x\r\n';
    const socket = await attacked.open(transport);
    const ended = untilEnd(socket);
    socket.write(
      `PUT /v1/secret/data/twice HTTP/1.1\r\n${host}${token}${name}: ${named(one)}\r\n${name.toLowerCase()}: ${named(other)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const text = await ended;
    expect(statusesIn(text)).toEqual([400]);
    expect(text).not.toContain(rootToken);
    expect((await attacked.ask({ method: 'GET', path: 'secret/data/twice' })).status).toBe(404);
  });
});
