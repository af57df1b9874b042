/**
 * A worker that breaks the protocol. Invariants: nothing that it sends takes the host down, reaches another call, or comes after the end of one;
 * a malformed end costs its own call, what is no message at all the worker.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { plainCall } from './testing.ts';
import { type RoomWorld, roomLimits, ThreadRoom } from './thread-room.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-messages-'));
afterAll(() => rmSync(folder, { recursive: true }));
let rooms: ThreadRoom[] = [];
afterEach(async () => {
  await Promise.all(rooms.map((room) => room.close()));
  rooms = [];
});

let logged = '';
const log = pino({ level: 'info' }, { write: (line: string) => void (logged += line) });

/** A room whose worker runs these statements for each message. In scope: `message`, `send(...messages)`, `port`, `done(call, text)`. */
function forging(statements: string, deadlineMs = 30_000): ThreadRoom {
  const file = join(folder, `${rooms.length}-${Math.random()}.mjs`);
  writeFileSync(
    file,
    `import { unpackBatch } from '${new URL('turn-batch.ts', import.meta.url).href}';
    import { fromTurn } from '${import.meta.resolve('@strongroom/sdk-plugin/serving')}';
    export default ({ port }) => new Promise((end) => {
      const send = (...messages) => port.postMessage(messages);
      const done = (call, text) => ({ kind: 'reply', call, writes: [], uncacheable: true, reply: { data: JSON.stringify(text) } });
      let turn = 0;
      port.on('close', end);
      send({ kind: 'ready', outline: { name: 'forger', version: '1.0.0', routes: {}, leases: {}, jobs: {}, migrations: [] } });
      port.on('message', (batch) => { for (const message of unpackBatch(batch)) { turn++; ${statements} } });
    });`,
  );
  const room = new ThreadRoom(
    { name: 'forger', task: pathToFileURL(file), data: {}, fromOutside: false },
    { ...roomLimits, deadlineMs },
    log,
  );
  rooms.push(room);
  return room;
}

const world: RoomWorld = {
  get: (key) => Promise.resolve({ key, revision: 1, value: Buffer.from(key) }),
  list: () => Promise.resolve([]),
};

async function answerOf(reply: Promise<ReplyMessage>): Promise<unknown> {
  return JSON.parse((await reply).reply?.data ?? 'null');
}

describe('a worker that', () => {
  test('answers twice is heard once', async () => {
    const room = forging('send(done(message.call, "first"), done(message.call, "second")); send(done(message.call, "third"));');
    expect(await answerOf(room.call(plainCall, world))).toBe('first');
    expect(await answerOf(room.call(plainCall, world))).toBe('first');
  });

  test('answers calls that are over, or that there never were, is not heard', async () => {
    const room = forging(
      'send(done(message.call - 1, "late"), done(message.call + 1, "early"), done(-1, "odd"), done(message.call, "mine"));',
    );
    expect(await answerOf(room.call(plainCall, world))).toBe('mine');
    expect(await answerOf(room.call(plainCall, world))).toBe('mine');
  });

  test('answers a call of another room reaches its own alone', async () => {
    const victim = forging('if (turn === 1) setTimeout(() => send(done(1, "right")), 200);');
    const forger = forging('send(done(1, "forged"), done(2, "forged"));');
    const right = answerOf(victim.call(plainCall, world));
    expect(await answerOf(forger.call(plainCall, world))).toBe('forged');
    expect(await right).toBe('right');
  });

  test('asks after the end of its call is not answered', async () => {
    const asked: string[] = [];
    const room = forging(
      `if (message.kind === 'answer') throw new Error('answered');
       send(done(message.call, 1), { kind: 'question', call: message.call, question: 1, ask: { kind: 'get', key: 'after' } });`,
    );
    const watching: RoomWorld = { ...world, get: (key) => (asked.push(key), world.get!(key)) };
    await room.call(plainCall, watching);
    await room.call(plainCall, watching);
    expect([asked, room.status().state]).toEqual([[], 'healthy']);
  });

  test.each([
    ['a code that there is not', "{ kind: 'failure', call: message.call, code: 'nonsense', message: 'x' }"],
    ["a code that is the host's", "{ kind: 'failure', call: message.call, code: 'sealed', message: 'x' }"],
    ['a code that every object has', "{ kind: 'failure', call: message.call, code: 'constructor', message: 'x' }"],
    ['no text', "{ kind: 'failure', call: message.call, code: 'invalid', message: { toString: 1 } }"],
    ['no writes', "{ kind: 'reply', call: message.call }"],
    ['writes that are no list', "{ kind: 'reply', call: message.call, writes: { length: 1e9 } }"],
    ['a write of nothing', "{ kind: 'reply', call: message.call, writes: [null] }"],
    ['a write of text', "{ kind: 'reply', call: message.call, writes: [{ key: 'k', value: 'text' }] }"],
    ['a key that is no text', "{ kind: 'reply', call: message.call, writes: [{ key: 7 }] }"],
    ['an answer that is none', "{ kind: 'reply', call: message.call, writes: [], reply: 17 }"],
    ['data that is no text', "{ kind: 'reply', call: message.call, writes: [], reply: { data: { x: 1 } } }"],
    ['warnings that are none', "{ kind: 'reply', call: message.call, writes: [], reply: { warnings: 17 } }"],
    ['headers that are none', "{ kind: 'reply', call: message.call, writes: [], reply: { headers: { a: 1 } } }"],
    ['a status that is none', "{ kind: 'reply', call: message.call, writes: [], reply: { status: '200' } }"],
    ['a lease that is none', "{ kind: 'reply', call: message.call, writes: [], lease: 'mine' }"],
  ])('ends a call with %s costs that call', async (_, message) => {
    const room = forging(`send(turn === 1 ? ${message} : done(message.call, 'fine'));`);
    const first = room.call(plainCall, world);
    await expect(first).rejects.toMatchObject({ code: 'internal', status: 500 });
    expect([await answerOf(room.call(plainCall, world)), room.status().restarts]).toEqual(['fine', 0]);
  });

  test.each([
    ['nothing', 'port.postMessage(null);'],
    ['a number', 'port.postMessage(17);'],
    ['an object', "port.postMessage({ kind: 'reply' });"],
    ['a text', "port.postMessage('reply');"],
    ['a batch of nothing', 'send(undefined);'],
    ['a batch of numbers', 'send(1, 2, 3);'],
    ['a batch of batches', 'send([[]]);'],
    ['another kind', "send({ kind: 'toString' });"],
    ['a reply to no call', "send({ kind: 'reply', writes: [] });"],
    ['a question to no call', "send({ kind: 'question', call: 'x', question: 1, ask: { kind: 'get', key: 'k' } });"],
    ['a question that asks nothing', "send({ kind: 'question', call: message.call, question: 1 });"],
    ['a log line of another level', "send({ kind: 'log', level: 'fatal', message: 'x', mountId: 'm' });"],
    ['a log line of a level that is a method', "send({ kind: 'log', level: 'flush', message: 'x', mountId: 'm' });"],
    ['a log line that is no text', "send({ kind: 'log', level: 'info', message: { x: 1 }, mountId: 'm' });"],
    ['an outline that is none', "send({ kind: 'ready', outline: null });"],
    ['circles', 'const circle = []; circle.push(circle); port.postMessage(circle);'],
  ])('sends %s is stopped, and its calls fail', async (_, statements) => {
    const room = forging(statements);
    await expect(room.call(plainCall, world)).rejects.toMatchObject({ code: 'internal' });
    expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'the worker sent something that is no message', running: 0 });
  });

  test.each([
    ['of another kind', '{ kind: "nonsense" }'],
    ['without a key', '{ kind: "get" }'],
    ['with a key that is none', '{ kind: "get", key: { length: 3 } }'],
    ['of HTTP without a request', '{ kind: "fetch" }'],
    ['of crypto', '{ kind: "crypto", op: "__proto__" }'],
    ['of passwords', '{ kind: "hash-password", password: 17 }'],
  ])('asks a question %s gets an answer or a failure', async (_, ask) => {
    const room = forging(
      `send(message.kind === 'answer' ? done(message.call, 'answered') : { kind: 'question', call: message.call, question: 1, ask: ${ask} });`,
    );
    const outcome = await answerOf(room.call(plainCall, world)).catch((error: unknown) => (error as { readonly code: unknown }).code);
    expect(['answered', 'internal']).toContain(outcome);
    expect(room.status()).toMatchObject({ running: 0, restarts: 0 });
  });

  test('answers the first call and never the second has until the deadline of the second', async () => {
    const room = forging("if (turn === 1) send(done(message.call, 'first'));", 3000);
    await room.outline();
    expect(await answerOf(room.call(plainCall, world))).toBe('first');
    // The timer of the first call fires before this one is due.
    await delay(20);
    await expect(room.call(plainCall, world)).rejects.toMatchObject({ code: 'timeout' });
  });

  test('declares something else later changes nothing', async () => {
    const room = forging("send({ kind: 'ready', outline: { name: 'another' } }, done(message.call, 1));");
    await room.call(plainCall, world);
    expect(await room.outline()).toMatchObject({ name: 'forger' });
  });

  test('poisons what it sends reaches no prototype', async () => {
    const room = forging(
      `const reply = done(message.call, 1); reply.reply = JSON.parse('{"data":"1","__proto__":{"poisoned":true}}'); send(reply);`,
    );
    await room.call(plainCall, world);
    expect('poisoned' in {}).toBe(false);
  });

  test('sends a million messages at once ends its call, and the host has forgotten them', async () => {
    const room = forging(
      `const many = Array.from({ length: 1e6 }, (_, index) => ({ kind: 'question', call: -index, question: index, ask: { kind: 'get', key: 'k' } }));
       send(...many.slice(0, 1)); port.postMessage([...many, done(message.call, 'through')]);`,
    );
    expect(await answerOf(room.call(plainCall, world))).toBe('through');
    expect(room.status()).toMatchObject({ state: 'healthy', running: 0 });
  });

  test.each([1, 2, 3, 4, 5])('dies at its message %i fails its call, and the next one is served', async (k) => {
    // Two questions, each answered, then the end: five messages of a call.
    const room = forging(
      `if (message.kind === 'call') {
         if (fromTurn(message.turn).now === 2) { send(done(message.call, 'fine')); continue; }
         if (${k} === 1) process.exit(0);
         send({ kind: 'question', call: message.call, question: 1, ask: { kind: 'get', key: 'a' } });
         if (${k} === 2) process.exit(0);
       } else if (fromTurn(message.turn).question === 1) {
         if (${k} === 3) process.exit(0);
         send({ kind: 'question', call: message.call, question: 2, ask: { kind: 'get', key: 'b' } });
         if (${k} === 4) process.exit(0);
       } else {
         process.exit(0);
       }`,
    );
    await expect(room.call(plainCall, world)).rejects.toMatchObject({ code: 'internal' });
    await expect
      .poll(() => answerOf(room.call({ ...plainCall, now: 2 }, world)).catch(() => undefined), { timeout: 30_000, interval: 20 })
      .toBe('fine');
  });
});

test('the operator is told what a worker did', async () => {
  logged = '';
  const room = forging("send({ kind: 'failure', call: message.call, code: 'nonsense', message: 'x' });");
  await expect(room.call(plainCall, world)).rejects.toThrow('internal');
  expect(logged).toContain('a malformed failure of the plugin');
});
