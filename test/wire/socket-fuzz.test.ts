/**
 * Bytes on the socket: garbage, and valid requests with some bytes changed, added, dropped, doubled or cut into chunks.
 * Invariants: never a 5xx, never a right that the bytes do not hold, and the server answers the next client.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestBytes } from '../harness/client.ts';
import { TestServer } from '../harness/server.ts';
import { scale } from '../harness/scale.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ config: { limits: { header_wait: '1s', request_timeout: '2s' } } });
});
afterAll(() => server.destroy());

const canary = 'never-readable';

/** Sends the chunks, ends the sending half, and answers everything that came back until the server closed. */
function exchange(chunks: readonly Uint8Array[]): Promise<string> {
  return new Promise((resolve) => {
    const { socket } = server.connect();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
    for (const chunk of chunks) socket.write(chunk);
    socket.end();
  });
}

async function expectHarmless(chunks: readonly Uint8Array[]): Promise<void> {
  const text = await exchange(chunks);
  expect(text).not.toMatch(/^HTTP\/1\.1 5/m);
  expect(text).not.toContain(canary);
}

const valid = fc.constantFrom(
  { method: 'GET', path: 'secret/data/canary' },
  { method: 'LIST', path: 'secret/metadata' },
  { method: 'SCAN', path: 'secret/metadata/' },
  { method: 'POST', path: 'secret/data/x', body: { data: { a: [1, { b: null }] }, options: { cas: 1 } } },
  { method: 'PATCH', path: 'secret/data/x', headers: { 'Content-Type': 'application/merge-patch+json' }, body: { data: {} } },
  { method: 'PUT', path: 'sys/init', body: { secret_shares: 5, secret_threshold: 3 } },
  { method: 'PUT', path: 'sys/unseal', body: { key: 'abcd' } },
  { method: 'POST', path: 'auth/token/create', body: { policies: ['root'] } },
  { method: 'GET', path: 'sys/internal/ui/mounts/secret/x', headers: { 'X-Vault-Namespace': 'root' } },
  { method: 'DELETE', path: 'sys/mounts/secret', token: 'hvs.unknown' },
);

const change = fc.record({
  at: fc.nat(400),
  drop: fc.nat(3),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc
      .constantFrom('\r\n', '\n', '\0', ': ', 'LIST ', '%2e', '..', 'Transfer-Encoding: chunked\r\n', '{', '"', '\\u0000')
      .map((text) => Buffer.from(text)),
  ),
});

test('a valid request with changed bytes, in any chunks, is harmless', async () => {
  await server.send({ method: 'POST', path: 'secret/data/canary', body: { data: { canary } } });
  const mutated = fc
    .tuple(fc.array(valid, { minLength: 1, maxLength: 3 }), fc.array(change, { maxLength: 4 }), fc.array(fc.nat(400), { maxLength: 4 }))
    .map(([requests, changes, cuts]) => {
      let bytes = Buffer.concat(requests.map(requestBytes));
      for (const { at, drop, insert } of changes) {
        const from = at % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + drop)]);
      }
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
    });
  await fc.assert(fc.asyncProperty(mutated, expectHarmless), { numRuns: 300 * scale, verbose: 1 });
  expect((await server.send({ method: 'GET', path: 'secret/data/canary' })).json.data.data).toEqual({ canary });
}, 600_000);

test('garbage is harmless', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => expectHarmless([bytes])),
    {
      numRuns: 100 * scale,
      verbose: 1,
    },
  );
  expect((await server.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
}, 600_000);

test('bodies of any bytes, with the root token, on any route, are never a fault of the server', async () => {
  const paths = [
    'secret/data/f',
    'secret/metadata/f',
    'secret/config',
    'sys/mounts/f',
    'sys/policies/acl/f',
    'auth/token/create',
    'sys/capabilities-self',
  ].concat(['auth/token/lookup', 'auth/token/renew', 'sys/audit-hash/file', 'secret/delete/f', 'sys/mounts/secret/tune', 'sys/unseal']);
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value));
  const field = fc.constantFrom(
    'data',
    'options',
    'policy',
    'type',
    'ttl',
    'policies',
    'meta',
    'path',
    'paths',
    'token',
    'versions',
    'config',
    'input',
    'key',
    'id',
  );
  const body = fc.oneof(
    json,
    fc.dictionary(field, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }).map((value) => JSON.stringify(value)),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
  const connection = server.connect();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('POST', 'PUT'), fc.constantFrom(...paths), body, async (method, path, text) => {
      const { status } = await connection.send({ method, path, token: server.rootToken, body: text });
      expect(status).toBeLessThan(500);
    }),
    { numRuns: 400 * scale, verbose: 1 },
  );
  connection.close();
  expect(server.output).not.toContain('a request failed');
}, 600_000);
