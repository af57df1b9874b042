/** Invariant: what a worker unpacks is what the host packed, every message with its own bytes. */
import { expect, test } from 'vitest';
import { type CallMessage, entriesOf, fromTurn, type ToWorker, type Turn, withNames } from '@strongroom/sdk-plugin/serving';
import { packBatch, unpackBatch } from './turn-batch.ts';

const call: CallMessage = {
  kind: 'call',
  call: 7,
  phase: 'handle',
  mountId: 'm',
  mount: '{"path":"m/","options":{}}',
  template: 'data/{path+}',
  verb: 'update',
  params: { path: 'a"b/é' },
  input: { data: '{"n": 1.0}', list: ['a', 1, true, null], nested: { __proto__: 1, x: {} } },
  now: 1_700_000_000_000,
  caller: '{}',
  entries: [
    { key: 'a', revision: 3, value: Buffer.from('é') },
    { key: 'text', revision: 4, value: Buffer.from('plain\n"text"') },
    { key: 'gone', revision: 0, value: undefined },
    { key: 'broken', revision: 5, value: Uint8Array.of(255, 1) },
    { key: 'empty', revision: 1, value: new Uint8Array(0) },
    { key: 'more', revision: 2, value: Buffer.from('another') },
  ],
};
const answers: readonly ToWorker[] = [
  { kind: 'answer', call: 7, question: 1, entry: { key: 'b', revision: 2, value: Uint8Array.of(9) } },
  { kind: 'answer', call: 8, question: 2, names: ['x', 'y/'] },
  { kind: 'answer', call: 9, question: 3, response: { status: 200, headers: { a: 'b' }, body: Uint8Array.of(4, 5) } },
  { kind: 'answer', call: 9, question: 4, out: [Uint8Array.of(6), Uint8Array.of(7, 8)] },
  { kind: 'answer', call: 9, question: 5, restart: true },
];

/** The fields that a message of this phase has, wherever it keeps them, with plain bytes. */
function plain(message: ToWorker): unknown {
  if (message.kind === 'answer') return message;
  const { kind, call: number, phase, mountId, mount, template, verb, params, input, now, caller, entries } = message;
  const bare = entries.map(({ key, revision, value }) => ({ key, revision, value: value && [...value] }));
  return { kind, call: number, phase, mountId, mount, template, verb, params, input, now, caller, entries: bare };
}

const messages: readonly ToWorker[] = [call, ...answers, { ...call, call: 10, mountId: 'n' }];

test.each([
  ['as rows', fromTurn],
  ['with names', (turn: Turn) => fromTurn(withNames(turn))],
])('messages come out as they went in, in order: %s', (_, read) => {
  const unpacked = unpackBatch(structuredClone(packBatch(messages)));
  expect(unpacked.map(({ turn }) => plain(read(turn)))).toEqual(messages.map(plain));
  expect(unpacked.map(({ kind, call: number, mountId, restart }) => [kind, number, mountId, restart])).toEqual([
    ['call', 7, 'm', false],
    ['answer', 7, '', false],
    ['answer', 8, '', false],
    ['answer', 9, '', false],
    ['answer', 9, '', false],
    ['answer', 9, '', true],
    ['call', 10, 'n', false],
  ]);
});

test('only the call of a handler is a row, and a plugin that knows none gets an object', () => {
  const heads = unpackBatch(packBatch([call, { ...call, phase: 'job', name: 'tidy' }])).map(({ turn }) => JSON.parse(turn.head) as unknown);
  expect(heads.map((head) => Array.isArray(head))).toEqual([true, false]);
  const { turn } = unpackBatch(packBatch([call]))[0]!;
  expect(JSON.parse(withNames(turn).head)).toMatchObject({
    kind: 'call',
    call: 7,
    phase: 'handle',
    mount: call.mount,
    caller: call.caller,
  });
});

test('a call finds the text and the bytes of each entry by its key', () => {
  const { turn } = unpackBatch(packBatch([call]))[0]!;
  const entries = entriesOf(fromTurn(turn) as CallMessage);
  const text = (key: string): unknown => entries.text(entries.find(key));
  expect(['a', 'text', 'gone', 'empty', 'more'].map(text)).toEqual(['é', 'plain\n"text"', undefined, '', 'another']);
  expect(() => text('broken')).toThrow(RangeError);
  expect(entries.find('other')).toBe(0);
});

test('the bytes of one message hold none of another', () => {
  const [first] = unpackBatch(packBatch([call, ...answers]));
  expect([...new Uint8Array(first!.turn.blobs[0]!.buffer)]).toEqual([0xc3, 0xa9, 255, 1]);
});
