/** Invariant: what a worker unpacks is what the host packed, every message with its own bytes. */
import { expect, test } from 'vitest';
import { type CallMessage, fromTurn, type ToWorker } from '@strongroom/sdk-plugin/serving';
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
    { key: 'a', revision: 3, value: Uint8Array.of(1, 2, 3) },
    { key: 'gone', revision: 0, value: undefined },
    { key: 'empty', revision: 1, value: new Uint8Array(0) },
  ],
};
const answers: readonly ToWorker[] = [
  { kind: 'answer', call: 7, question: 1, entry: { key: 'b', revision: 2, value: Uint8Array.of(9) } },
  { kind: 'answer', call: 8, question: 2, names: ['x', 'y/'] },
  { kind: 'answer', call: 9, question: 3, response: { status: 200, headers: { a: 'b' }, body: Uint8Array.of(4, 5) } },
  { kind: 'answer', call: 9, question: 4, out: [Uint8Array.of(6), Uint8Array.of(7, 8)] },
  { kind: 'answer', call: 9, question: 5, restart: true },
];

test('messages come out as they went in, in order', () => {
  const messages = [call, ...answers, { ...call, call: 10, mountId: 'n' }];
  const unpacked = unpackBatch(structuredClone(packBatch(messages)));
  expect(unpacked.map(({ turn }) => fromTurn(turn))).toEqual(messages);
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

test('the bytes of one message hold none of another', () => {
  const [first] = unpackBatch(packBatch([call, ...answers]));
  expect([...new Uint8Array(first!.turn.blobs[0]!.buffer)]).toEqual([1, 2, 3]);
});
