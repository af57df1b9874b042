/**
 * An engine that fails in every way. Invariants: what it was writing is there whole or not at all; other mounts keep answering; the
 * deadline holds; its worker comes back; the host's memory does too.
 */
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { startHost, type TestHost } from '../harness/host.ts';

const hostile = {
  kind: 'engine',
  name: 'hostile',
  version: '0.1.0',
  aliases: {},
  module: new URL('hostile/index.ts', import.meta.url).href,
} as const;

let host: TestHost;
let logged = '';

beforeAll(async () => {
  host = await startHost({
    catalog: [...readCatalog(), hostile],
    rooms: { deadlineMs: 2000, heapMiB: 48, callsMax: 100 },
    log: pino({ level: 'info' }, { write: (line: string) => void (logged = (logged + line).slice(-100_000)) }),
  });
  await host.send('POST', 'sys/mounts/bad', { type: 'hostile' });
  await host.send('POST', 'secret/data/good', { data: { v: 'good' } });
});

afterAll(() => host.server.stop());

/** Waits until the hostile engine answers again: it backs off for longer and longer while it keeps failing. */
async function recovered(): Promise<void> {
  await expect.poll(async () => (await host.send('POST', 'bad/do/fine', {})).status, { timeout: 50_000, interval: 20 }).toBe(200);
}

async function otherMountAnswers(): Promise<void> {
  const read = await host.send('GET', 'secret/data/good');
  expect([read.status, read.json.data.data]).toEqual([200, { v: 'good' }]);
  expect((await host.send('POST', 'secret/data/other', { data: { v: 1 } })).status).toBe(200);
}

const failures: readonly (readonly [string, readonly number[]])[] = [
  ['throws', [500]],
  ['throws-nothing', [500]],
  ['rejects', [500]],
  ['rejects-later', [500]],
  ['exits', [500]],
  ['loops', [504]],
  ['never-answers', [504]],
  ['exhausts-the-heap', [500]],
  ['answers-a-function', [500]],
  ['answers-garbage', [200, 204, 500]],
  ['answers-a-status', [500]],
  ['answers-a-circle', [500]],
  ['writes-elsewhere', [500]],
  ['writes-no-bytes', [500]],
];

test.each(failures)('an engine that %s costs its own request only, and leaves its write whole or absent', async (way, statuses) => {
  await recovered();
  const failing = host.send('POST', `bad/do/${way}`, {});
  await otherMountAnswers();
  const { status, text } = await failing;
  expect(statuses).toContain(status);
  expect(text).not.toContain('canary-of-the-plugin');
  await otherMountAnswers();
  await recovered();
  const { data } = (await host.send('GET', `bad/do/${way}`)).json;
  const written = status < 300;
  expect(data).toEqual({ first: written, second: written });
});

test('an operator sees that a room backs off, and why', async () => {
  await recovered();
  await host.send('POST', 'bad/do/exits', {});
  const { hostile: room } = (await host.send('GET', 'sys/plugins/status')).json.data.plugins;
  expect(room).toMatchObject({ state: 'backing-off', reason: expect.stringMatching(/./), restarts: expect.any(Number) });
  await recovered();
  expect((await host.send('GET', 'sys/plugins/status')).json.data.plugins.hostile).toMatchObject({ state: 'healthy' });
});

test('an engine that floods the log is answered, and other mounts too', async () => {
  await recovered();
  const flooding = host.send('POST', 'bad/do/floods-the-log', {});
  await otherMountAnswers();
  expect((await flooding).status).toBe(200);
});

test('the calls that a dying worker was running fail, and none of them is half written', async () => {
  await recovered();
  const calls = ['fine', 'never-answers', 'exits'].map((way) => host.send('POST', `bad/do/${way}`, {}));
  const [, waiting, exiting] = await Promise.all(calls);
  expect([waiting?.status, exiting?.status]).toEqual([500, 500]);
  expect(host.server.unsealed?.rooms.status()['hostile']).toMatchObject({ state: 'backing-off' });
  const refused = await host.send('POST', 'bad/do/fine', {});
  expect([200, 503]).toContain(refused.status);
  await recovered();
  const { data } = (await host.send('GET', 'bad/do/never-answers')).json;
  expect(data).toEqual({ first: false, second: false });
});

test('the memory that an engine has used up comes back to the host', async () => {
  const mebibyte = 1_048_576;
  const exhaust = async (): Promise<void> => {
    await recovered();
    expect((await host.send('POST', 'bad/do/exhausts-the-heap', {})).status).toBe(500);
    await recovered();
  };
  await exhaust();
  const before = process.memoryUsage.rss();
  // Four heaps of 48 MiB would stay if workers did.
  for (let times = 0; times < 4; times++) await exhaust();
  await expect.poll(() => process.memoryUsage.rss() - before, { timeout: 30_000, interval: 50 }).toBeLessThan(140 * mebibyte);
});

test('the operator is told why, the client is not', () => {
  expect(logged).toContain('an engine worker ended');
});
