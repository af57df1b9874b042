/** Invariant: a reply that travels as a row says what it said. */
import { expect, test } from 'vitest';
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { readMessage } from './message-check.ts';
import { rowOf } from './reply-row.ts';

const message: ReplyMessage = { kind: 'reply', call: 7, uncacheable: false, writes: [], reply: {} };

test.each([{}, { data: '{"a":1}' }, { data: '1', status: 201, validUntil: 5, leaseDuration: 0 }] as const)('%j', (reply) => {
  expect(readMessage(structuredClone(rowOf({ ...message, reply })))).toEqual({ ...message, reply });
});

test.each([
  ['nothing', {}],
  ['writes', { reply: {}, writes: [{ key: 'a', value: undefined }] }],
  ['a plan', { reply: {}, carried: '1' }],
  ['a lease', { reply: {}, lease: { kind: 'k', data: '1' } }],
  ['rotations', { reply: {}, rotations: [] }],
  ['more to do', { reply: {}, more: true }],
  ['warnings', { reply: { warnings: ['w'] } }],
  ['bytes', { reply: { raw: new Uint8Array(1) } }],
  ['headers', { reply: { headers: {} } }],
  ['a login', { reply: { login: {} } }],
])('a reply with %s travels as it is', (_, change) => {
  const { reply: __, ...without } = message;
  expect(rowOf({ ...without, ...change } as ReplyMessage)).toBeUndefined();
});

test.each([
  ['no number', ['7', false, undefined]],
  ['data that is no text', [7, false, {}]],
  ['a status that is no number', [7, false, '1', '200']],
])('a row with %s is malformed', (_, row) => {
  const read = readMessage(row);
  expect(read === undefined || read.kind === 'failure').toBe(true);
});
