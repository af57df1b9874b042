/** Large and odd input by callers with rights, on a real server: at the bound it works, beyond it is refused in words, and nothing slows to death. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import { TestServer } from '../harness/server.ts';
import { expectStatus, tokenWith } from '../wire/wire-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.destroy());

const mib = 1_048_576;

/** A policy of exactly so many bytes, of which the last rule allows reading `secret/data/big`. */
function policyOf(bytes: number): string {
  const last = 'path "secret/data/big" { capabilities = ["read"] }\n';
  const rules: string[] = [];
  let size = last.length;
  for (let n = 0; ; n++) {
    const rule = `path "secret/+/team-${n}/*" { capabilities = ["read"] }\n`;
    if (size + rule.length > bytes) break;
    rules.push(rule);
    size += rule.length;
  }
  return `${rules.join('')}${'#'.repeat(bytes - size)}`.replace(/#*$/, (rest) => (rest === '' ? '' : `${rest.slice(0, -1)}\n`)) + last;
}

test('a policy of 1 MiB is taken and decides, one byte more is refused', async () => {
  await expectStatus(server, { method: 'POST', path: 'secret/data/big', body: { data: { a: 1 } } }, 200);
  const policy = policyOf(mib);
  expect(Buffer.byteLength(policy)).toBe(mib);
  const token = await tokenWith(server, 'big', policy);
  expect((await server.send({ method: 'GET', path: 'sys/policies/acl/big' })).json.data.policy).toBe(policy);
  const from = performance.now();
  for (let n = 0; n < 20; n++) expect((await server.send({ method: 'GET', path: 'secret/data/big', token })).status).toBe(200);
  expect(performance.now() - from).toBeLessThan(20_000);
  const more = await server.send({ method: 'PUT', path: 'sys/policies/acl/bigger', body: { policy: `${policy}#` } });
  expect([more.status, more.json.errors]).toEqual([413, [expect.stringContaining(`${mib} bytes`)]]);
  expect((await server.send({ method: 'GET', path: 'sys/policies/acl/bigger' })).status).toBe(404);
});

test('a token with 10,000 policies works, and each of them counts', async () => {
  const connection = server.connect();
  const names = Array.from({ length: 10_000 }, (_, n) => `many-${n}`);
  // Pipelined: ten thousand waits for the disk one after another would be all that this measures.
  await Promise.all(
    Array.from({ length: 50 }, async (_, part) => {
      const own = server.connect();
      for (const name of names.slice(part * 200, (part + 1) * 200)) {
        const policy = `path "secret/data/${name}" { capabilities = ["read"] }`;
        expect(
          (await own.send({ method: 'PUT', path: `sys/policies/acl/${name}`, token: server.rootToken, body: { policy } })).status,
        ).toBe(204);
      }
      own.close();
    }),
  );
  const made = await expectStatus(server, { method: 'POST', path: 'auth/token/create', body: { policies: names } }, 200);
  const token = made.json.auth.client_token as string;
  expect(made.json.auth.policies).toHaveLength(10_001);
  for (const name of ['many-0', 'many-9999']) await server.send({ method: 'POST', path: `secret/data/${name}`, body: { data: { name } } });
  const from = performance.now();
  for (let n = 0; n < 50; n++) {
    const name = n % 2 === 0 ? 'many-0' : 'many-9999';
    expect((await connection.send({ method: 'GET', path: `secret/data/${name}`, token })).json.data.data).toEqual({ name });
  }
  // A hundred milliseconds each would already be slow.
  expect(performance.now() - from).toBeLessThan(20_000);
  const health = performance.now();
  expect((await server.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
  expect(performance.now() - health).toBeLessThan(5000);
  expect((await connection.send({ method: 'GET', path: 'secret/data/other', token })).status).toBe(403);
  await expectStatus(
    server,
    { method: 'PUT', path: 'sys/policies/acl/many-9999', body: { policy: 'path "secret/data/many-9999" { policy = "deny" }' } },
    204,
  );
  expect((await connection.send({ method: 'GET', path: 'secret/data/many-9999', token })).status).toBe(403);
  connection.close();
});

/** Bodies that cost a parser much for few bytes, or hold what no value may be. */
const bodies: readonly (readonly [string, string | Uint8Array, readonly number[]])[] = [
  ['257 brackets deep', `{"data":${'['.repeat(257)}${']'.repeat(257)}}`, [413]],
  ['a million brackets that never close', `{"data":${'['.repeat(1_000_000)}`, [413]],
  ['a million keys', `{${Array.from({ length: 1_000_000 }, (_, n) => `"k${n}":1`).join(',')}}`, [413]],
  ['a million empty keys', `{"data":{${'"":1,'.repeat(999_999)}"":1}}`, [413]],
  ['a key of a million characters', `{"${'k'.repeat(mib)}":1}`, [200, 400, 413]],
  ['a number of a million digits', `{"data":{"n":${'9'.repeat(900_000)}}}`, [200, 400, 413]],
  ['an exponent that no number has', '{"data":{"n":1e999999999}}', [200, 400]],
  ['half a surrogate pair', '{"data":{"n":"\\ud800"}}', [200, 400]],
  ['an escaped NUL in a key', '{"data":{"a\\u0000b":1}}', [200, 400]],
  ['a NUL', '{"data":{"a":"\0"}}', [400]],
  ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"data":{}}')]), [400]],
  ['UTF-16', Buffer.from('{"data":{}}', 'utf16le'), [400]],
  ['invalid UTF-8 in a key', Buffer.concat([Buffer.from('{"'), Buffer.from([0xc0, 0xaf]), Buffer.from('":1}')]), [400]],
  ['invalid UTF-8 behind the object', Buffer.concat([Buffer.from('{"data":{}}'), Buffer.from([0x80])]), [400]],
];

async function sendBytes(method: string, path: string, body: string | Uint8Array, headers = ''): Promise<RawAnswer | undefined> {
  const connection = server.connect();
  const bytes = Buffer.from(body);
  const head = `${method} /v1/${path} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${server.rootToken}\r\n${headers}Content-Length: ${bytes.length}\r\n\r\n`;
  connection.socket.write(Buffer.concat([Buffer.from(head, 'latin1'), bytes]));
  const answer = await connection.answers.next();
  connection.close();
  return answer;
}

describe.each(['secret/data/odd', 'cubbyhole/odd', 'sys/policies/acl/odd', 'auth/token/create', 'sys/wrapping/wrap', 'sys/unseal'])(
  '%s',
  (path) => {
    test.each(bodies)('%s', async (_name, body, statuses) => {
      const answer = await sendBytes('POST', path, body);
      // Other paths have fields of their own: what is no fault of the text may be one of theirs, or none.
      const may = path === 'secret/data/odd' ? statuses : [...statuses, 200, 204, 400, 413];
      expect(may).toContain(answer?.status);
      if (statuses.every((status) => status >= 400)) expect(answer?.status).toBeGreaterThanOrEqual(400);
    });
  },
);

test.each([
  ['form fields by the million', `${'a=1&'.repeat(1_000_000)}a=1`],
  ['a form of invalid UTF-8', 'a=%ff'],
  ['a form of half an escape', 'a=%'],
])('%s are no fault of the server', async (_name, body) => {
  const answer = await sendBytes('POST', 'auth/token/lookup', body, 'Content-Type: application/x-www-form-urlencoded\r\n');
  expect(answer?.status).toBeGreaterThanOrEqual(400);
  expect(answer?.status).toBeLessThan(500);
});

test.each([
  'X-Vault-Token',
  'X-Vault-Namespace',
  'X-Vault-Wrap-TTL',
  'Content-Type',
  'Authorization',
  'X-Vault-Wrap-Format',
  'Origin',
  'X-Forwarded-For',
])('bytes of no script in %s do nothing', async (name) => {
  for (const value of ['\xff\xfe', '\xc0\x80', '\u00e9', 'a\x7fb', '\x80'.repeat(4000), '[object Object]', '__proto__']) {
    const connection = server.connect();
    connection.socket.write(Buffer.from(`GET /v1/auth/token/lookup-self HTTP/1.1\r\nHost: x\r\n${name}: ${value}\r\n\r\n`, 'latin1'));
    const answer = await connection.answers.next();
    expect([name, value, answer?.status]).toEqual([name, value, expect.toBeOneOf([400, 403, 404])]);
    connection.close();
  }
});

test('bytes of no script in a path or query are refused wherever they stand', async () => {
  for (const path of [
    'secret/data/X',
    'secret/metadata/X',
    'cubbyhole/X',
    'sys/policies/acl/X',
    'sys/mounts/X',
    'X',
    'auth/userpass/login/X',
    'secret/data/x?version=X',
  ].concat(['auth/token/roles/X', 'sys/internal/ui/mounts/X'])) {
    for (const bad of ['%ff', '%c0%af', '%ed%a0%80', '%f5%80%80%80', '%e2%82', '%00', '%', '%4', '%u0041', '\xff', '\xe9']) {
      const connection = server.connect();
      connection.socket.write(
        Buffer.from(`GET /v1/${path.replace('X', `a${bad}`)} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${server.rootToken}\r\n\r\n`, 'latin1'),
      );
      const answer = await connection.answers.next();
      expect([path, bad, answer?.status]).toEqual([path, bad, 400]);
      connection.close();
    }
  }
});

test('nothing of all this was a fault of the server', () => {
  expect(server.output).not.toContain('a request failed');
  const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  expect(peak).toBeLessThan(1_200_000_000);
});
