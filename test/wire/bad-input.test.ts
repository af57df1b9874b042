/** Input that a server must refuse before it costs anything: sizes, depth, encodings, paths, duplicate keys. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

const write = (body: string, path = 'secret/data/bad'): Promise<RawAnswer> => server.send({ method: 'POST', path, body });

test.each([
  ['a path with dots', '/v1/secret/data/../x'],
  ['encoded dots', '/v1/secret/data/%2e%2e/x'],
  ['half encoded dots', '/v1/secret/data/.%2e/x'],
  ['an encoded slash', '/v1/secret/data/a%2fb'],
  ['an encoded backslash', '/v1/secret/data/a%5cb'],
  ['a backslash', '/v1/secret/data/a\\b'],
  ['two slashes', '/v1/secret//data/x'],
  ['two slashes in front', '//v1/secret/data/x'],
  ['two slashes at the end', '/v1/secret/data/x//'],
  ['a dot segment', '/v1/secret/./data/x'],
  ['an encoded NUL', '/v1/secret/data/a%00b'],
  ['an encoded control character', '/v1/secret/data/a%0ab'],
  ['an encoded C1 control character', '/v1/secret/data/a%c2%85b'],
  ['invalid UTF-8', '/v1/secret/data/%ff%fe'],
  ['overlong UTF-8', '/v1/secret/data/%c0%ae%c0%ae'],
  ['an encoded surrogate', '/v1/secret/data/%ed%a0%80'],
  ['a lone percent sign', '/v1/secret/data/100%'],
  ['a percent sign without hexadecimal', '/v1/secret/data/%zz'],
  ['an absolute target', 'http://localhost/v1/secret/data/x'],
  ['another scheme', 'ftp://localhost/v1/sys/health'],
  ['a target without a slash', 'v1/sys/health'],
  ['a query twice', '/v1/secret/data/x?version=1&version=2'],
  ['a malformed query', '/v1/secret/data/x?version=%zz'],
])('%s is 400 and not repaired', async (_, target) => {
  const connection = server.connect();
  connection.socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${server.rootToken}\r\n\r\n`);
  const answer = await connection.answers.next();
  expect(answer?.status).toBe(400);
  connection.close();
});

test('a path over its bound is 4xx, one within it is served, and a long name is no 500', async () => {
  expect((await server.send({ method: 'GET', path: `secret/data/${'x'.repeat(4096)}` })).status).toBe(413);
  const { status } = await server.send({ method: 'POST', path: `secret/data/${'x'.repeat(4000)}`, body: { data: {} } });
  expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
  expect((await server.send({ method: 'GET', path: `secret/data/${'%c3%a9'.repeat(300)}` })).status).toBe(404);
});

test.each([
  ['depth', '['.repeat(600) + ']'.repeat(600)],
  ['tokens', `[${'1,'.repeat(1_500_000)}1]`],
  ['keys', `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":{}`).join(',')}}`],
])('JSON of too much %s is 413', async (_, data) => {
  const { status, json } = await write(`{"data":${data}}`);
  expect([status, json.errors.length]).toEqual([413, 1]);
});

test('a body over the bound is 413 by its length, before it is sent', async () => {
  const connection = server.connect();
  connection.socket.write(
    `POST /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${server.rootToken}\r\nContent-Length: 99999999\r\n\r\n`,
  );
  expect((await connection.answers.next())?.status).toBe(413);
  connection.close();
});

test('32 MiB of {}, are refused before they are parsed, and reads go on meanwhile', async () => {
  const flood = `{"data":[${'{},'.repeat((33_554_432 - 64) / 3)}{}]}`;
  const reader = server.connect();
  const before = await memory();
  const refused = server.connect().send({ method: 'POST', path: 'secret/data/flood', token: server.rootToken, body: flood });
  let slowest = 0;
  const answered: RawAnswer[] = [];
  void refused.then((answer) => answered.push(answer));
  do {
    const from = performance.now();
    expect((await reader.send({ method: 'GET', path: 'sys/mounts', token: server.rootToken })).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - from);
  } while (answered.length === 0);
  expect(answered[0]?.status).toBe(413);
  // JSON.parse of it takes seconds and more than a gigabyte; the bounds are far from both.
  expect(slowest).toBeLessThan(2500);
  expect((await memory()) - before).toBeLessThan(600_000_000);
  reader.close();
});

async function memory(): Promise<number> {
  const { text } = await server.send({ method: 'GET', path: 'sys/metrics?format=prometheus' });
  return Number(/^\S*process_resident_memory_bytes\S* (\d+)/m.exec(text)?.[1] ?? 0);
}

const canary = 'canary-7f3a';
test.each([
  ['cut', `{"data":{"password":"${canary}`],
  ['with a trailing comma', `{"data":{"password":"${canary}",}}`],
  ['with a single quote', `{'data':'${canary}'}`],
  ['with something after it', `{"data":{"password":"${canary}"}} ${canary}`],
  ['that is text', `"${canary}"`],
  ['that is a list', `["${canary}"]`],
  ['that is a number', '123456789'],
  ['with a control character', `{"data":{"a":"${canary}\u0001"}}`],
])('a body %s is 400, does not quote its input, and is in the audit', async (_, body) => {
  const lines = server.auditLines().length;
  const { status, text } = await write(body);
  expect(status).toBe(400);
  expect(text).not.toContain(canary);
  const written = server.auditLines().slice(lines);
  expect(written.map(({ type }) => type as string)).toEqual(['request', 'response']);
  expect(JSON.stringify(written)).not.toContain(canary);
});

test('a body that is not UTF-8 is 400', async () => {
  const connection = server.connect();
  const body = Buffer.concat([Buffer.from('{"data":{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}}')]);
  const head = `POST /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${server.rootToken}\r\nContent-Length: ${body.length}\r\n\r\n`;
  connection.socket.write(Buffer.concat([Buffer.from(head), body]));
  expect((await connection.answers.next())?.status).toBe(400);
  connection.close();
});

test.each([
  ['sys/policies/acl/dup', '{"policy":"path \\"a\\" {}","policy":"path \\"*\\" { capabilities = [\\"sudo\\"] }"}'],
  ['sys/mounts/dup', '{"type":"kv","options":{"version":"1","version":"2"}}'],
  ['auth/token/create', '{"policies":["default"],"policies":["root"]}'],
  ['auth/token/create', '{"ttl":"1h","\\u0074tl":"9h"}'],
  ['auth/token/create', '{"meta":{"a":"1","a":"2"}}'],
])('a key named twice is refused on sys/ and auth/: %s %s', async (path, body) => {
  expect((await write(body, path)).status).toBe(400);
});

test('names such as __proto__ and constructor are names like others', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    expect((await write('{"data":{"a":1}}', `secret/data/${name}`)).status).toBe(200);
    expect((await server.send({ method: 'GET', path: `secret/data/${name}` })).json.data.data).toEqual({ a: 1 });
    expect((await server.send({ method: 'GET', path: `sys/policies/acl/${name}` })).status).toBe(404);
    expect((await server.send({ method: 'GET', path: `sys/mounts/${name}` })).status).toBe(400);
    expect((await server.send({ method: 'GET', path: `sys/${name}` })).status).toBe(404);
  }
  expect((await write('{"__proto__":{"data":{"a":1}}}')).status).toBe(400);
});

test('a value over the bound of an entry is 4xx', async () => {
  const { status } = await write(`{"data":{"a":"${'x'.repeat(2_000_000)}"}}`);
  expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
  expect((await server.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
});

test('idle connections by the thousand do not keep others from an answer', async () => {
  const idle = Array.from({ length: 5000 }, () => server.connect());
  await Promise.all(
    idle.map(({ socket }) => new Promise((resolve, reject) => socket.once('connect', () => resolve(undefined)).once('error', reject))),
  );
  const from = performance.now();
  const connection = server.connect();
  expect((await connection.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
  expect(performance.now() - from).toBeLessThan(10_000);
  expect((await connection.send({ method: 'LIST', path: 'secret/metadata', token: server.rootToken })).status).toBe(200);
  for (const { socket } of [...idle, connection]) socket.destroy();
});
