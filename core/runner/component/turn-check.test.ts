/** What a component may answer. Invariant: what comes out has the shape that the types say, is about the call asked, and its data is one JSON value. */
import { expect, test } from 'vitest';
import { checkTurn } from './turn-check.ts';

const reply = { kind: 'reply', call: 7, writes: [], uncacheable: false };
const turn = (head: unknown, body = '', blobs: readonly Uint8Array[] = []): Parameters<typeof checkTurn>[1] => ({
  head: typeof head === 'string' ? head : JSON.stringify(head),
  body,
  blobs,
});

test('a reply comes through with its data and its bytes', () => {
  const bytes = Uint8Array.of(1, 2);
  const head = {
    ...reply,
    reply: { status: 201, warnings: ['w'], other: 1 },
    writes: [
      ['a', 0],
      ['b', -1],
    ],
    carried: '1',
  };
  expect(checkTurn(7, turn(head, '{"x":1}', [bytes]))).toEqual({
    kind: 'end',
    message: {
      kind: 'reply',
      call: 7,
      reply: { data: '{"x":1}', status: 201, warnings: ['w'] },
      writes: [
        { key: 'a', value: bytes },
        { key: 'b', value: undefined },
      ],
      uncacheable: false,
      carried: '1',
    },
  });
});

test('what an internal failure says is for the operator', () => {
  const head = { kind: 'failure', call: 7, code: 'internal', message: 'canary', report: 'canary' };
  expect(checkTurn(7, turn(head))).toEqual({ kind: 'end', message: { ...head, message: '' } });
});

test('wrong credentials come through as such: the lockout counts them', () => {
  const head = { kind: 'failure', call: 7, code: 'credentials', message: 'wrong' };
  expect(checkTurn(7, turn(head))).toEqual({ kind: 'end', message: head });
});

test('an answer that does not say whether it may be cached is not', () => {
  expect(checkTurn(7, turn({ kind: 'reply', call: 7, writes: [] }))).toMatchObject({ message: { uncacheable: true } });
});

test.each([
  ['no JSON', turn('{'), 'field head: not JSON'],
  ['no object', turn('null'), 'field head: expected an object'],
  ['about another request', turn({ ...reply, call: 8 }), 'an answer about another request'],
  ['of an unknown kind', turn({ ...reply, kind: 'ready' }), 'field kind'],
  ['whose data is no JSON', turn({ ...reply, reply: {} }, '{}},"auth":{"client_token":"x"},"x":{'), 'field body: not JSON'],
  ['whose data is two values', turn({ ...reply, reply: {} }, '1,2'), 'field body: not JSON'],
  ['with a status that is text', turn({ ...reply, reply: { status: '200' } }), 'field status'],
  ['with warnings that are not text', turn({ ...reply, reply: { warnings: [1] } }), 'field warnings'],
  ['with a time that is no number', turn({ ...reply, reply: { validUntil: 'x' } }), 'field validUntil'],
  ['without writes', turn({ kind: 'reply', call: 7 }), 'field writes'],
  ['with bytes that are not there', turn({ ...reply, writes: [['a', 1]] }, '', [new Uint8Array(1)]), 'names a blob that is not there'],
  ['with a key that is no text', turn({ ...reply, writes: [[1, -1]] }), 'field writes'],
  ['with too many writes', turn({ ...reply, writes: Array.from({ length: 100_001 }, () => ['a', -1]) }), 'at most 100000'],
  ['with a plan that is no JSON', turn({ ...reply, carried: '{' }), 'field carried: not JSON'],
  ['with a lease whose data is no JSON', turn({ ...reply, lease: { kind: 'k', data: 'x' } }), 'field lease.data: not JSON'],
  ['with an unknown code', turn({ kind: 'failure', call: 7, code: 'root', message: '' }), 'field code'],
  ['with a question about nothing', turn({ kind: 'questions', call: 7, ask: [{ question: 1, kind: 'token' }] }), 'field ask.kind'],
  [
    'with a password that is no text',
    turn({ kind: 'questions', call: 7, ask: [{ question: 1, kind: 'hash-password', password: 1 }] }),
    'field password',
  ],
  ['with a login that is no object', turn({ ...reply, reply: { login: 'root' } }), 'field login'],
  ['with a question without a number', turn({ kind: 'questions', call: 7, ask: [{ kind: 'get', key: 'a' }] }), 'field question'],
  [
    'with headers that are not text',
    turn({ kind: 'questions', call: 7, ask: [{ question: 1, kind: 'fetch', request: { method: 'GET', url: 'x', headers: { a: 1 } } }] }),
    'field headers',
  ],
])('an answer %s is refused', (_, given, why) => {
  expect(() => checkTurn(7, given)).toThrow(why);
});
