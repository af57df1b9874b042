/** Where two readers could see different requests, the connection ends and what follows is never run. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { malformedRequests } from './malformed-requests.ts';
import { type EchoListener, startEcho } from './testing.ts';

let echo: EchoListener;
beforeAll(async () => {
  echo = await startEcho();
});
afterAll(() => echo.close());
beforeEach(() => void (echo.reached.length = 0));

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (headers: string, body: string): string => `POST /post HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;

describe.each(malformedRequests({ target: '/post', smuggled }).map(([name, bytes]) => [name, Buffer.from(bytes, 'latin1')] as const))(
  '%s',
  (_, request) => {
    test('is refused, and what follows is not run', async () => {
      const raw = await echo.open();
      await raw.write(request);
      await raw.ended();
      expect(echo.reached.filter(({ target }) => target === '/smuggled')).toEqual([]);
      expect(raw.statuses.every((status) => status >= 400)).toBe(true);
      expect(raw.statuses.length).toBeLessThanOrEqual(1);
    });
  },
);

test.each(['X-Vault-Token', 'Authorization', 'X-Vault-Namespace', 'X-Vault-Wrap-TTL', 'Content-Type', 'Host'])(
  'two headers %s are refused, and the request is not served',
  async (name) => {
    const raw = await echo.open();
    await raw.write(`GET /a HTTP/1.1\r\n${name === 'Host' ? '' : 'Host: x\r\n'}${name}: a\r\n${name.toUpperCase()}: b\r\n\r\n`);
    await raw.answers(1);
    expect(raw.statuses).toEqual([400]);
    expect(echo.reached).toEqual([]);
  },
);

test('a header block over its bound is 431', async () => {
  const raw = await echo.open();
  await raw.write(`GET /a HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(30_000)}\r\n\r\n`);
  await raw.ended();
  expect(raw.statuses).toEqual([431]);
});

test('an upgrade is not a way out of HTTP', async () => {
  const raw = await echo.open();
  await raw.write('GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await raw.ended();
  expect(raw.statuses.filter((status) => status < 400)).toEqual([]);
});

test('who waits for 100-continue is asked for the body, and gets its answer', async () => {
  const raw = await echo.open();
  await raw.write('POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  await raw.answers(1);
  expect(raw.statuses).toEqual([100]);
  await raw.write('{}');
  await raw.answers(2);
  expect(raw.statuses).toEqual([100, 200]);
});

test('a body over the bound is refused while it is sent, and the sender sees the answer', async () => {
  const small = await startEcho({}, 1000);
  const raw = await small.open();
  await raw.write(post(`Content-Length: 3000000`, 'x'.repeat(2_000_000)));
  await raw.answers(1);
  await raw.write('x'.repeat(1_000_000));
  const text = await raw.ended();
  expect(raw.statuses).toEqual([413]);
  expect(text).toContain('Connection: close');
  // One that looks at nothing before it has sent all: bytes that nobody read would have thrown the answer away on their way.
  const busy = await small.open();
  busy.socket.pause();
  for (let part = 0; part < 30; part++)
    await busy.write(part === 0 ? post('Content-Length: 3000000', 'x'.repeat(100_000)) : 'x'.repeat(100_000));
  busy.socket.resume();
  await busy.ended();
  expect(busy.statuses).toEqual([413]);
  const chunked = await small.open();
  await chunked.write(post('Transfer-Encoding: chunked', `1000\r\n${'x'.repeat(4096)}\r\n`), '0\r\n\r\n', smuggled);
  await chunked.ended();
  expect(chunked.statuses).toEqual([413]);
  expect(small.reached).toEqual([]);
  await small.close();
});

test('of large bodies only so many are held at once; small ones are served beside them, and large ones again afterwards', async () => {
  const small = await startEcho({}, 100_000);
  const large = post('Content-Length: 100000', 'x'.repeat(99_999));
  // Of each 34,464 bytes count: what makes 16 times the bound is more than the first 46.
  const holders = await Promise.all(Array.from({ length: 46 }, () => small.open()));
  for (const holder of holders) await holder.write(large);
  const refused = await small.open();
  await expect
    .poll(
      async () => {
        const next = await small.open();
        await next.write(post('Content-Length: 100000', 'x'.repeat(100_000)));
        return (await next.answers(1)).slice(9, 12);
      },
      { timeout: 20_000 },
    )
    .toBe('503');
  await refused.write(post('Content-Length: 60000', 'x'.repeat(60_000)));
  expect(await refused.answers(1)).toContain('200');
  for (const holder of holders) await holder.write('x');
  for (const holder of holders) expect(await holder.answers(1)).toContain('200');
  const after = await small.open();
  await after.write(large, 'x');
  expect(await after.answers(1)).toContain('200');
  await small.close();
});

test('a head that does not come is given up, and a connection that has sent LIST is not taken for one', async () => {
  const quick = await startEcho({ headerWaitMs: 300 });
  const kept = await quick.open();
  await kept.write('LIST /a HTTP/1.1\r\nHost: x\r\n\r\n');
  await kept.answers(1);
  // The check runs each second and takes all that are late: once it has taken two that came later, it has looked at this one.
  for (let round = 0; round < 2; round++) {
    const slow = await quick.open();
    await slow.write('GET /slow HTTP/1.1\r\nHost:');
    await slow.ended();
    expect(slow.statuses).toEqual([408]);
  }
  const cut = await quick.open();
  await cut.write('LIS');
  await cut.ended();
  await kept.write('GET /b HTTP/1.1\r\nHost: x\r\n\r\n');
  await kept.answers(2);
  expect(kept.statuses).toEqual([200, 200]);
  await quick.close();
});

test('a request that trickles in is given up after its time', async () => {
  const quick = await startEcho({ requestTimeoutMs: 500, headerWaitMs: 300 });
  const raw = await quick.open();
  await raw.write(post('Content-Length: 10', '{'));
  await raw.ended();
  expect(raw.statuses.filter((status) => status < 400)).toEqual([]);
  expect(quick.reached).toEqual([]);
  await quick.close();
});

test('more connections than allowed are turned away, and those that are open go on', async () => {
  const few = await startEcho({ maxConnections: 2 });
  const [one, two] = [await few.open(), await few.open()];
  const three = await few.open();
  await three.ended();
  for (const raw of [one, two]) {
    await raw.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.answers(1);
    expect(raw.statuses).toEqual([200]);
  }
  await few.close();
});
