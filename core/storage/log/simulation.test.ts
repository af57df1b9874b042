/**
 * Many lives of one storage on a disk that fails. Invariants, after each crash:
 *   - what is found is exactly a prefix of the sequenced commits (without those that were rolled back)
 *   - the prefix holds every commit whose `durable` resolved
 *   - the check of the stopped directory finds nothing wrong with it
 *   - while it lives, reads see every sequenced commit that was not rolled back
 * A failing seed is in the test's name: run it alone with STRONGROOM_SEED.
 */
import { describe, expect, test } from 'vitest';
import { testScale } from '../contract.ts';
import { type Revision, Conflict, type Write } from '../types.ts';
import type { LogStorage } from './log-storage.ts';
import { checkDirectory } from './check.ts';
import { openLog } from './open.ts';
import { seededRandom, SimulatedDisk } from './simulated-disk.ts';
import { testCipher } from './test-cipher.ts';

interface Sequenced {
  readonly revision: Revision;
  readonly writes: readonly Write[];
  rolledBack: boolean;
}

type State = Record<string, string>;

const directory = 'data';

class World {
  readonly random: (below: number) => number;
  disk: SimulatedDisk;
  commits: Sequenced[] = [];
  acknowledged: Revision = 0;
  fatal = 0;
  failed: PromiseWithResolvers<void> = Promise.withResolvers();
  clock = 0;
  crashes = 0;
  compactions = 0;
  rollbacks = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.disk = new SimulatedDisk(this.random);
  }

  expected(upTo: Revision): State {
    const state = new Map<string, string>();
    for (const { revision, writes, rolledBack } of this.commits) {
      if (rolledBack || revision > upTo) continue;
      for (const { key, value } of writes) {
        if (value === undefined) state.delete(key);
        else state.set(key, `${revision}:${Buffer.from(value).toString('hex')}`);
      }
    }
    return Object.fromEntries([...state].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  open(): Promise<LogStorage> {
    return openLog({
      directory,
      disk: this.disk,
      cipher: testCipher(),
      random: (bytes) => Buffer.from(Array.from({ length: bytes }, () => this.random(256))),
      now: () => this.clock,
      options: {
        ballastBytes: 600,
        cleanPagesMax: 1 + this.random(4),
        compactAtBytes: 3000 + this.random(20_000),
        baseFileBytesMax: 2000 + this.random(20_000),
        pause: () => Promise.resolve(),
        onFatal: () => {
          this.fatal++;
          this.failed.resolve();
        },
      },
    });
  }

  writes(): Write[] {
    const bulk = this.random(30) === 0;
    const keys = new Set(Array.from({ length: bulk ? 200 : 1 + this.random(4) }, () => this.key(bulk)));
    return [...keys].map((key) => ({ key, value: this.random(4) === 0 ? undefined : Buffer.alloc(this.random(120), this.random(256)) }));
  }

  key(bulk: boolean): string {
    return bulk
      ? `bulk/${this.random(1500)}`
      : `${'abc'[this.random(3)]}/${'xyz'[this.random(3)]}${this.random(2) === 0 ? '' : `/${this.random(8)}`}`;
  }
}

/** Reads everything by listing. */
function readAll(storage: LogStorage, base = '', into: State = {}): State {
  const { names } = storage.list(base, '', Number.POSITIVE_INFINITY) as { names: readonly string[] };
  for (const name of names) {
    if (name.endsWith('/')) {
      readAll(storage, base + name, into);
      continue;
    }
    const { revision, value } = storage.get(base + name) as { revision: Revision; value: Uint8Array };
    into[base + name] = `${revision}:${Buffer.from(value).toString('hex')}`;
  }
  return into;
}

function sorted(state: State): State {
  return Object.fromEntries(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function observe(world: World, sequenced: Sequenced, durable: Promise<void>): Promise<void> {
  try {
    await durable;
    world.acknowledged = Math.max(world.acknowledged, sequenced.revision);
  } catch {
    sequenced.rolledBack = true;
    world.rollbacks++;
  }
}

function commitOnce(world: World, storage: LogStorage): void {
  const slots = world.random(5) === 0 ? [storage.slot(world.key(false))] : [];
  const at = world.random(2) === 0 ? storage.head() : Math.max(0, storage.head() - 2);
  const writes = world.writes();
  try {
    const { revision, durable } = storage.commit(writes, { slots, at }, { urgent: world.random(4) === 0 });
    const sequenced: Sequenced = { revision, writes, rolledBack: false };
    world.commits.push(sequenced);
    void observe(world, sequenced, durable);
  } catch (error) {
    // A conflict, a full disk or a dead store: all of them change nothing.
    if (!(error instanceof Conflict) && !(error instanceof Error && error.name === 'StrongroomError')) throw error;
  }
}

async function live(world: World, storage: LogStorage): Promise<void> {
  const { disk, random } = world;
  for (let steps = 40 + random(200); steps > 0 && world.fatal === 0; steps--) {
    world.clock += random(400);
    const what = random(100);
    if (what < 60) commitOnce(world, storage);
    else if (what < 85) for (let ticks = random(12); ticks > 0; ticks--) await Promise.resolve();
    else if (what < 86) disk.capacity = disk.used + random(3000);
    else if (what < 92) disk.capacity = Number.POSITIVE_INFINITY;
    else if (what < 94) disk.writeBytesMax = random(2) === 0 ? 4 + random(60) : Number.POSITIVE_INFINITY;
    else if (what < 96) storage.compact().catch(() => undefined);
    else if (what === 99 && random(10) === 0) disk.failSync = 1 + random(3);
  }
  if (world.fatal > 0) return;
  disk.capacity = Number.POSITIVE_INFINITY;
  await storage.durable(storage.head())?.catch(() => undefined);
  await Promise.resolve();
  if (world.fatal > 0) return;
  expect(sorted(readAll(storage))).toEqual(world.expected(Number.POSITIVE_INFINITY));
  world.compactions += storage.stats().compactions;
  if (random(2) === 0) await storage.close();
}

/** What a life does until its power is cut; undefined when the power failed while opening. */
async function oneLife(world: World): Promise<void> {
  world.fatal = 0;
  world.failed = Promise.withResolvers();
  world.disk.failSync = 0;
  const { disk } = world;
  const begun = disk.readdir(directory).includes('manifest');
  // What a crash leaves is no damage.
  expect(begun ? checkDirectory({ directory, disk: disk.clone(), cipher: testCipher() }).problems : []).toEqual([]);
  const crashed = disk.crashed.then(() => 'crashed' as const);
  disk.crashAt = disk.operations + 1 + world.random(world.random(3) === 0 ? 40 : 900);
  const storage = await Promise.race([crashed, world.open().catch((error: unknown) => error)]);
  if (storage === 'crashed' || disk.operations >= disk.crashAt) {
    world.disk = await disk.crashed;
    return;
  }
  if (storage instanceof Error) throw storage;
  const opened = storage as LogStorage;
  const head = opened.head();
  expect(head).toBeGreaterThanOrEqual(world.acknowledged);
  world.commits = world.commits.filter(({ revision }) => revision <= head);
  world.acknowledged = head;
  try {
    expect(sorted(readAll(opened))).toEqual(world.expected(head));
    await Promise.race([crashed, world.failed.promise, live(world, opened)]);
  } catch (error) {
    if (disk.operations < disk.crashAt && world.fatal === 0) throw error;
  }
  expect(world.fatal).toBeLessThanOrEqual(1);
  world.disk = disk.operations >= disk.crashAt ? await disk.crashed : disk.crash();
  world.crashes++;
}

const only = process.env['STRONGROOM_SEED'];
const seeds = only === undefined ? Array.from({ length: Math.ceil(60 * testScale) }, (_, i) => i + 1) : [Number(only)];

describe('the log on a disk that fails', () => {
  const totals = { crashes: 0, compactions: 0, rollbacks: 0 };

  test.each(seeds)('seed %i: every life begins with exactly a prefix that holds all that was acknowledged', async (seed) => {
    const world = new World(seed);
    for (let lives = 0; lives < 12; lives++) await oneLife(world);
    expect(world.crashes).toBeGreaterThan(0);
    totals.crashes += world.crashes;
    totals.compactions += world.compactions;
    totals.rollbacks += world.rollbacks;
  });

  test('the simulation reached crashes, compactions and rollbacks', () => {
    const wanted = only === undefined ? 1 : 0;
    for (const count of Object.values(totals)) expect(count).toBeGreaterThanOrEqual(wanted);
    process.stdout.write(`simulation: ${JSON.stringify(totals)}\n`);
  });
});
