/** Invariant: what is kept has at most so many rules in all, whoever makes it. */
import { expect, test } from 'vitest';
import { KeptByRules } from './kept-by-rules.ts';

test('as many are kept as have the rules, each counted with one more, and the oldest leave', () => {
  const kept = new KeptByRules<string>(30);
  for (const name of ['a', 'b', 'c']) kept.keep(name, name.toUpperCase(), 9);
  expect(['a', 'b', 'c'].map((name) => kept.get(name))).toEqual(['A', 'B', 'C']);
  kept.keep('d', 'D', 0);
  expect(['a', 'b', 'c', 'd'].map((name) => kept.get(name))).toEqual([undefined, 'B', 'C', 'D']);
});

test('one that is kept anew counts once', () => {
  const kept = new KeptByRules<number>(30);
  kept.keep('other', 0, 9);
  for (let time = 0; time < 100; time++) kept.keep('same', time, 19);
  expect([kept.get('other'), kept.get('same')]).toEqual([0, 99]);
});

test('the newest stays although it has more rules than all may have', () => {
  const kept = new KeptByRules<string>(30);
  kept.keep('small', 'S', 1);
  kept.keep('large', 'L', 100);
  expect([kept.get('small'), kept.get('large')]).toEqual([undefined, 'L']);
  kept.keep('small', 'S', 1);
  expect([kept.get('small'), kept.get('large')]).toEqual(['S', undefined]);
});

test('what has no rules is bounded too', () => {
  const kept = new KeptByRules<number>(30);
  for (let name = 0; name < 1000; name++) kept.keep(String(name), name, 0);
  expect(Array.from({ length: 1000 }, (_, name) => kept.get(String(name))).filter((value) => value !== undefined)).toHaveLength(30);
});
