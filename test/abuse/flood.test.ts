/**
 * Bodies of 32 MiB that would cost a parser gigabytes, twenty at once, from somebody without a token. Invariants: each is refused
 * with a 4xx, or 503 when too much is held already, reads by others go on meanwhile, and the memory of the process stays below its bound.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { scale } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';

const parallel = 20;
const bodyBytes = 33_554_432;
/** What the process may grow by: sixteen of the largest bodies, which is what it holds at once, as much again while they are put together, and garbage. */
const growthBytesMax = 1_300_000_000;

let server: TestServer | undefined;
beforeEach(async () => {
  await server?.destroy();
  server = await TestServer.start();
});
afterAll(() => server?.destroy());

const residentBytes = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

const flood = Buffer.from(`{"data":[${'{},'.repeat((bodyBytes - 64) / 3)}{}]}`);

function head(framing: string, path: string): string {
  return `POST /v1/${path} HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`;
}

function chunked(body: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += 65_536) {
    const part = body.subarray(at, at + 65_536);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return [...parts, Buffer.from('0\r\n\r\n')];
}

const manyChunks = chunked(flood);

const ways = [
  ['with their length', head(`Content-Length: ${flood.length}`, 'secret/data/x'), [flood]],
  ['in chunks', head('Transfer-Encoding: chunked', 'secret/data/x'), manyChunks],
  ['for a route that takes a body from anybody', head('Transfer-Encoding: chunked', 'sys/unseal'), manyChunks],
  ['for a log-in', head(`Content-Length: ${flood.length}`, 'auth/userpass/login/nobody'), [flood]],
] as const;

// Half of them by default: what each holds in memory is much the same.
test.each(scale > 1 ? ways : [ways[0], ways[2]])('twenty at once %s are refused while reads go on', async (_, start, parts) => {
  const of = server!;
  const before = residentBytes(of.pid);
  const ended: unknown[] = [];
  const attacks = Array.from({ length: parallel }, async () => {
    const connection = of.connect();
    connection.socket.write(start);
    for (const part of parts) connection.socket.write(part);
    const answer = await connection.answers.next();
    connection.close();
    ended.push(answer?.status);
    return answer?.status;
  });
  const reader = of.connect();
  let slowest = 0;
  let reads = 0;
  do {
    const from = performance.now();
    expect((await reader.send({ method: 'GET', path: 'sys/mounts', token: of.rootToken })).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - from);
    reads++;
  } while (ended.length < parallel);
  const statuses = await Promise.all(attacks);
  reader.close();
  expect(statuses.filter((status) => ![403, 413, 503].includes(status ?? 0))).toEqual([]);
  expect(reads).toBeGreaterThan(1);
  expect(residentBytes(of.pid) - before).toBeLessThan(growthBytesMax);
});
