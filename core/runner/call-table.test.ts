/** Invariant: whatever number a worker names, it finds the call that has it or none. */
import { expect, test } from 'vitest';
import { CallNumbers, CallTable } from './call-table.ts';

test('a number is given once, and there are 16,384 at a time', () => {
  const numbers = new CallNumbers();
  const first = Array.from({ length: 16_384 }, () => numbers.take());
  expect(first.slice(0, 3)).toEqual([1, 2, 3]);
  expect(() => numbers.take()).toThrow('more than 16384 calls at once');
  for (const number of first) numbers.giveBack(number);
  const second = Array.from({ length: 16_384 }, () => numbers.take());
  expect(new Set([...first, ...second]).size).toBe(32_768);
});

test('a call is found by its own number alone', () => {
  const table = new CallTable<string>();
  table.add(5, 'five');
  expect([table.get(5), table.size]).toEqual(['five', 1]);
  for (const other of [0, 4, 6, -5, 5 + 16_384, 5 - 16_384, 5.5, Number.MAX_SAFE_INTEGER, Number.NaN]) {
    expect(table.get(other)).toBeUndefined();
    expect(table.delete(other)).toBe(false);
  }
  expect([table.delete(5), table.delete(5), table.size]).toEqual([true, false, 0]);
  table.add(5 + 16_384, 'next');
  expect([table.get(5), table.entries()]).toEqual([undefined, [[5 + 16_384, 'next']]]);
});
