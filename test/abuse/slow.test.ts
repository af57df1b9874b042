/** Clients that take their time, on a real server: each is cut at its limit, and others are answered meanwhile. */
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Attacked, startAttacked, statusesIn, type Transport, transports, untilEnd } from './sockets.ts';

let attacked: Attacked;
beforeAll(async () => {
  attacked = await startAttacked({ limits: { header_wait: '2s', request_timeout: '2s' } });
});
afterAll(() => attacked.destroy());

/** Writes a byte now and again until the connection has ended; gives how many it took. */
async function trickle(socket: Socket, bytes: string): Promise<{ readonly sent: number; readonly text: string }> {
  let sent = 0;
  const timer = setInterval(() => {
    if (!socket.destroyed && sent < bytes.length) socket.write(bytes[sent++] ?? '');
  }, 200);
  try {
    return { text: await untilEnd(socket), sent };
  } finally {
    clearInterval(timer);
  }
}

const head = `GET /v1/sys/health HTTP/1.1\r\nHost: x\r\nX-Slow: ${'x'.repeat(2000)}\r\n\r\n`;
const token = (): string => `X-Vault-Token: ${attacked.server.rootToken}\r\n`;
const post = (framing: string): string => `POST /v1/secret/data/slow HTTP/1.1\r\nHost: x\r\n${token()}${framing}\r\n\r\n`;

/** What a slow client sends at once, and what byte by byte. */
const clients: readonly (readonly [string, () => string, string])[] = [
  ['a head', () => '', head],
  ['a head after a request that was served', () => 'GET /v1/sys/health HTTP/1.1\r\nHost: x\r\n\r\n', head],
  ['a head that began with LIST', () => 'LIST /v1/secret/metadata HTTP/1.1\r\n', `X-Slow: ${'x'.repeat(2000)}`],
  ['a body of a known length', () => post('Content-Length: 1000'), `{"data":{"a":"${'x'.repeat(980)}`],
  ['a body in chunks', () => post('Transfer-Encoding: chunked'), '1\r\n{\r\n'.repeat(500)],
  ['the size of a chunk', () => post('Transfer-Encoding: chunked'), `${'0'.repeat(500)}1\r\n`],
];

/** Sockets that the server holds, those it listens on besides. Asked first, while none of another test is on its way out. */
function held(): number {
  const fds = `/proc/${attacked.server.pid}/fd`;
  return readdirSync(fds).filter((fd) => {
    try {
      return readlinkSync(`${fds}/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

test('a connection does not stay on which nothing comes, or no handshake, or whose other end never closes', async () => {
  const before = held();
  const open = (port: number): Socket => connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const { plain, TLS } = attacked.ports;
  const sockets = [open(plain), open(plain), open(plain), open(plain), open(TLS), open(TLS), open(TLS)];
  sockets[1]?.write('GET /v1/sys/health HTTP/1.1\r\n');
  sockets[2]?.write(`${post('Content-Length: 10')}{`);
  sockets[3]?.write('GET /v1/sys/health HTTP/1.1\r\nbroken\r\n\r\n');
  // A handshake of 512 bytes of which none comes, and what is none.
  sockets[5]?.write(Buffer.from([22, 3, 1, 2, 0]));
  sockets[6]?.write('GET /v1/sys/health HTTP/1.1\r\nHost: x\r\n\r\n');
  for (const socket of sockets) socket.on('error', () => {}).resume();
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  await expect.poll(held, { timeout: 40_000, interval: 200 }).toBeLessThanOrEqual(before);
  for (const socket of sockets) socket.destroy();
});

describe.each(transports)('%s', (transport: Transport) => {
  test('what comes by the byte is cut at its limit, whatever it is, and never served', async () => {
    const outcomes = await Promise.all(
      clients.map(async ([name, start, slow]) => {
        const socket = await attacked.open(transport);
        if (start() !== '') socket.write(start());
        const { sent, text } = await trickle(socket, slow);
        return { name, cut: sent < slow.length, statuses: statusesIn(text) };
      }),
    );
    for (const { name, cut, statuses } of outcomes) {
      expect([name, cut]).toEqual([name, true]);
      expect([name, name.includes('served') ? statuses.slice(1) : statuses]).toEqual([name, [408]]);
    }
    expect((await attacked.ask({ method: 'GET', path: 'secret/data/slow' })).status).toBe(404);
  });
});
