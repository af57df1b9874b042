/** What a worker may send at once. Invariants: a call has so many questions with the host and no more; nothing larger than its bound leaves. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FromWorker } from '@strongroom/sdk-plugin/serving';
import { readMessage } from './message-check.ts';
import { logLinesPerSecond } from './log-budget.ts';
import { Outbox, outboxLimits } from './outbox.ts';

let channel: MessageChannel;
let outbox: Outbox;
let received: FromWorker[];

beforeEach(() => {
  channel = new MessageChannel();
  outbox = new Outbox(channel.port1);
  received = [];
  channel.port2.on('message', (batch: readonly unknown[]) => received.push(...batch.flatMap((one) => readMessage(one) ?? [])));
});
afterEach(() => {
  vi.useRealTimers();
  channel.port1.close();
});

/** Everything that was sent, once it has come. */
async function all(count: number): Promise<readonly FromWorker[]> {
  await expect.poll(() => received.length, { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(count);
  await new Promise((resolve) => setImmediate(resolve));
  return received;
}

function begin(call: number): void {
  outbox.heard({ kind: 'call', call, restart: false });
}
const question = (call: number, number: number): FromWorker => ({
  kind: 'question',
  call,
  question: number,
  ask: { kind: 'get', key: 'k' },
});
const reply = (call: number, change: object = {}): FromWorker => ({ kind: 'reply', call, writes: [], uncacheable: false, ...change });
const log = (mountId: string): FromWorker => ({ kind: 'log', level: 'info', message: 'x', mountId });

describe('questions', () => {
  test('wait until the host has answered earlier ones of the call', async () => {
    begin(1);
    begin(2);
    for (let number = 0; number < 200; number += 1) outbox.send(question(1, number));
    outbox.send(question(2, 0));
    expect(await all(outboxLimits.questionsMax + 1)).toHaveLength(outboxLimits.questionsMax + 1);
    for (let number = 0; number < 200; number += 1) {
      outbox.heard({ kind: 'answer', call: 1, restart: false });
      const sent = Math.min(200, outboxLimits.questionsMax + number + 1) + 1;
      expect(await all(sent)).toHaveLength(sent);
    }
    expect(received.filter(({ kind }) => kind === 'question')).toHaveLength(201);
  });

  test('of a call that is over are not asked', async () => {
    begin(1);
    for (let number = 0; number < 100; number += 1) outbox.send(question(1, number));
    outbox.send(reply(1));
    outbox.send(question(1, 100));
    outbox.heard({ kind: 'answer', call: 1, restart: false });
    begin(2);
    outbox.send(question(2, 0));
    outbox.heard({ kind: 'answer', call: 2, restart: true });
    outbox.send(question(2, 1));
    const most = outboxLimits.questionsMax + 1;
    const sent = await all(most + 1);
    expect(sent.map((message) => 'call' in message && message.call)).toEqual([...Array.from({ length: most }, () => 1), 2]);
  });
});

test('a call that has very many questions waiting asks a few in a millisecond, and none when it is over', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const { questionsMax, questionsAtOnce } = outboxLimits;
  const answer = (): void => outbox.heard({ kind: 'answer', call: 1, restart: false });
  const sent: number[] = [];
  // What is sent in a turn has come after some.
  const later = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    sent.push(received.length);
  };
  begin(1);
  for (let number = 0; number < questionsMax + questionsAtOnce + 100; number += 1) outbox.send(question(1, number));
  for (let number = 0; number < questionsAtOnce + 1; number += 1) answer();
  await later();
  vi.advanceTimersByTime(1);
  await later();
  answer();
  outbox.send(reply(1));
  begin(1);
  outbox.send(question(1, 0));
  vi.advanceTimersByTime(1);
  await later();
  const most = questionsMax + questionsAtOnce;
  expect(sent).toEqual([most, most + 1, most + 3]);
  expect(received.slice(-2)).toMatchObject([{ kind: 'reply' }, { question: 0 }]);
});

describe('an answer', () => {
  test('that can not be sent fails its own call, not those beside it', async () => {
    outbox.send(reply(1));
    outbox.send(reply(2, { reply: { status: () => 200 } }));
    outbox.send(reply(3));
    expect((await all(3)).map(({ kind }) => kind)).toEqual(['reply', 'failure', 'reply']);
    expect(received[1]).toMatchObject({ call: 2, code: 'internal', message: '' });
  });

  test.each([
    ['data', (size: number) => ({ reply: { data: 'x'.repeat(size) } })],
    ['bytes', (size: number) => ({ reply: { raw: new Uint8Array(size) } })],
    ['writes', (size: number) => ({ writes: [{ key: 'k', value: new Uint8Array(size - 1) }] })],
  ])('may have so many bytes of %s, and not one more', async (_, of) => {
    outbox.send(reply(1, of(outboxLimits.replyBytesMax)));
    outbox.send(reply(2, of(outboxLimits.replyBytesMax + 1)));
    expect(await all(2)).toMatchObject([{ kind: 'reply' }, { kind: 'failure', code: 'internal', costly: true }]);
  });

  test('that refuses has its message cut', async () => {
    outbox.send({ kind: 'failure', call: 1, code: 'invalid', message: 'x'.repeat(1e6), report: 'y'.repeat(1e6) });
    const [failure] = await all(1);
    const cut = outboxLimits.failureLengthMax;
    expect(failure).toEqual({ kind: 'failure', call: 1, code: 'invalid', message: 'x'.repeat(cut), report: 'y'.repeat(cut) });
  });
});

test('lines reach the host a few at a time', async () => {
  const batches: number[] = [];
  channel.port2.on('message', (batch: readonly FromWorker[]) => batches.push(batch.length));
  for (let line = 0; line < 300; line += 1) outbox.send(log('loud'));
  await all(300);
  expect(Math.max(...batches)).toBe(16);
  expect(received).toHaveLength(300);
});

test('so many lines of a mount are logged in a second; the others are counted, and cost other mounts nothing', async () => {
  for (let line = 0; line < logLinesPerSecond + 7; line += 1) outbox.send(log('loud'));
  outbox.send(log('quiet'));
  const lines = await all(logLinesPerSecond + 2);
  expect(lines).toHaveLength(logLinesPerSecond + 2);
  expect(lines.filter((line) => line.kind === 'log' && line.mountId === 'quiet')).toHaveLength(1);
  expect(lines.at(-1)).toMatchObject({ level: 'warn', mountId: 'loud', message: '7 more lines of this second are left out' });
  outbox.send(log('loud'));
  expect((await all(logLinesPerSecond + 3)).at(-1)).toMatchObject({ mountId: 'loud', message: 'x' });
});
