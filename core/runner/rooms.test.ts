/** Invariant: whoever is given an engine is given the room that runs it now, also while it is reloaded. */
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { readCatalog } from './catalog.ts';
import { Rooms } from './rooms.ts';
import { roomLimits } from './thread-room.ts';

const rooms = new Rooms(readCatalog(), roomLimits, pino({ level: 'silent' }));
afterEach(() => rooms.close());

test('an engine that is loading while its plugin is reloaded is given in the new room', async () => {
  const asked: Promise<unknown>[] = [];
  for (let time = 0; time < 5; time++) {
    asked.push(Promise.resolve(rooms.engine('kv')));
    rooms.reload('kv', 'secret');
    for (let turn = 0; turn <= time; turn++) await Promise.resolve();
  }
  const engines = new Set(await Promise.all(asked));
  expect(rooms.status()['kv']).toMatchObject({ state: 'healthy', restarts: 0 });
  expect(rooms.loaded('kv')).toBeDefined();
  for (const engine of engines) expect(engine).toBe(rooms.loaded('kv'));
});
