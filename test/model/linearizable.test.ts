import { expect, test } from 'vitest';
import { isLinearizable, type Operation } from './linearizable.ts';

const write = (value: number, invoked: number, returned: number, optional = false): Operation<number> => ({
  invoked,
  returned,
  optional,
  apply: () => value,
});
const read = (value: number, invoked: number, returned: number): Operation<number> => ({
  invoked,
  returned,
  optional: false,
  apply: (state) => (state === value ? state : undefined),
});

test.each<readonly [string, readonly Operation<number>[], boolean]>([
  ['nothing', [], true],
  ['a read of what was written', [write(1, 1, 2), read(1, 3, 4)], true],
  ['a stale read', [write(1, 1, 2), read(0, 3, 4)], false],
  ['a read during a write, old', [write(1, 1, 4), read(0, 2, 3)], true],
  ['a read during a write, new', [write(1, 1, 4), read(1, 2, 3)], true],
  ['new, then old', [write(1, 1, 8), read(1, 2, 3), read(0, 4, 5)], false],
  ['two writes in the order that the reads say', [write(1, 1, 4), write(2, 2, 3), read(2, 5, 6), read(2, 7, 8)], true],
  ['two writes in two orders', [write(1, 1, 4), write(2, 2, 3), read(1, 5, 6), read(2, 7, 8)], false],
  ['a write without an answer that happened', [write(1, 1, 2, true), read(1, 3, 4)], true],
  ['a write without an answer that did not', [write(1, 1, 2, true), read(0, 3, 4)], true],
  ['a write without an answer that happens late', [write(1, 1, 2, true), read(0, 3, 4), read(1, 5, 6)], false],
  ['a value from nowhere', [read(7, 1, 2)], false],
])('%s', (_, history, expected) => {
  expect(isLinearizable(0, history)).toBe(expected);
});
