/** Invariant: the first costly fault of a mount costs it nothing, each further one twice the pause before, and an answer ends it; other mounts never wait. */
import { expect, test } from 'vitest';
import { MountPauses } from './mount-pauses.ts';

test('a mount waits longer after each costly fault, up to half a minute', () => {
  const pauses = new MountPauses();
  const waits = Array.from({ length: 12 }, () => {
    pauses.failed('a', 1000);
    let wait = 0;
    while (pauses.isPaused('a', 1000 + wait)) wait += 100;
    return wait;
  });
  expect(waits).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test('an answer ends it, and other mounts do not wait', () => {
  const pauses = new MountPauses();
  for (let times = 0; times < 5; times += 1) pauses.failed('a', 0);
  expect([pauses.isPaused('a', 1), pauses.isPaused('b', 1), pauses.count(1), pauses.count(1e6)]).toEqual([true, false, 1, 0]);
  pauses.answered('b');
  expect(pauses.isPaused('a', 1)).toBe(true);
  pauses.answered('a');
  pauses.failed('a', 2);
  expect([pauses.isPaused('a', 2), pauses.count(2)]).toEqual([false, 0]);
});
