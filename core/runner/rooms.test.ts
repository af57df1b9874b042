/**
 * Invariants: whoever is given an engine is given the room that runs it now, also while it is reloaded; what did not come with the server
 * runs behind what did.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { componentEntry, componentOf, threadEntry } from '../../test/harness/components.ts';
import { type CatalogEntry, readCatalog } from './catalog.ts';
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

/** Threads of this process that others go before. */
function yielding(): number {
  const yields = (task: string): boolean => {
    try {
      const nice = Number(readFileSync(`/proc/self/task/${task}/stat`, 'latin1').split(') ')[1]?.split(' ')[16]);
      return nice === Math.max(10, getPriority());
    } catch {
      // It has ended meanwhile.
      return false;
    }
  };
  return readdirSync('/proc/self/task').filter(yields).length;
}

test.runIf(process.platform === 'linux')(
  'an engine from outside has a lower priority than the host and its own engines, in each room',
  async () => {
    const source = 'examples/hello/index.ts';
    const thread = threadEntry('hello', new URL(`../../${source}`, import.meta.url));
    const component = componentEntry('hello', await componentOf(source));
    const before = yielding();
    const added = async (entry: CatalogEntry): Promise<number> => {
      const own = new Rooms([entry], roomLimits, pino({ level: 'silent' }));
      await own.engine('hello');
      const count = yielding() - before;
      await own.close();
      await expect.poll(yielding, { timeout: 10_000 }).toBe(before);
      return count;
    };
    const sha256 = '00';
    expect([await added(thread), await added(component)]).toEqual([0, 0]);
    expect([await added({ ...thread, sha256 }), await added({ ...component, sha256 })]).toEqual([1, 1]);
  },
);
