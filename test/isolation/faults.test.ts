/**
 * An engine that fails in every way, in both rooms. Invariants: a fault costs the mounts of its own plugin, within its deadline, and is answered
 * with a status that the table says; what the call was writing is there whole or not at all; other mounts answer all the while; its room
 * comes back, and so does the host's memory.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CatalogEntry, readCatalog } from '../../core/runner/catalog.ts';
import type { RoomLimits } from '../../core/runner/thread-room.ts';
import { componentEntry, componentOf, threadEntry } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';
import { scale } from '../harness/scale.ts';

const rooms = ['thread', 'component'] as const;
type RoomKind = (typeof rooms)[number];

/** Where a fault shows soon: its deadline is near, and its heap small. */
const hurried: RoomLimits = { deadlineMs: 1500, loadMs: 60_000, heapMiB: 48, callsMax: 100 };
/** Where nothing that may take its time is cut off. */
const patient: RoomLimits = { deadlineMs: 30_000, heapMiB: 512, callsMax: 100 };

const stopped = [504];
const failed = [500];
const fine = [200];
/** What a request is answered with: in a thread, in a component. */
const hurriedFaults: readonly (readonly [way: string, thread: readonly number[], component: readonly number[]])[] = [
  ['loops', stopped, stopped],
  ['matches-slowly', stopped, stopped],
  ['logs-forever', stopped, stopped],
  // A component can't wait for nothing: it runs out of jobs, if that does not take too long.
  ['awaits-forever', stopped, [500, 504]],
  ['never-answers', stopped, failed],
  // Whichever comes first.
  ['exhausts-the-heap', [500, 504], [500, 504]],
  ['fills-a-map', [500, 504], [500, 504]],
  ['makes-20-million-objects', [500, 504], [500, 504]],
  ['makes-a-large-array', [500, 504], [500, 504]],
];
const faults: typeof hurriedFaults = [
  ['throws', failed, failed],
  ['throws-nothing', failed, failed],
  ['throws-an-unknown-code', failed, failed],
  ['rejects', failed, failed],
  ['rejects-later', failed, failed],
  ['exits', failed, failed],
  ['aborts', failed, failed],
  ['posts-to-the-pool', [200, 500], failed],
  ['recurses', failed, failed],
  ['nests-json', failed, failed],
  // It may have done so before anybody looks.
  ['holds-200-mib', [200, 500], failed],
  ['holds-ever-more', failed, failed],
  ['answers-a-function', failed, failed],
  ['answers-garbage', [204], [204]],
  ['answers-a-status', failed, failed],
  ['answers-a-status-of-http', failed, failed],
  ['answers-a-status-that-is-none', failed, [200, 500]],
  ['answers-warnings-that-are-none', failed, failed],
  ['answers-a-circle', failed, failed],
  ['answers-20-mib', fine, failed],
  ['answers-100-mib', failed, failed],
  ['refuses-with-100-mib', [400], failed],
  ['writes-elsewhere', failed, failed],
  ['writes-no-bytes', failed, failed],
  ['writes-a-function', failed, failed],
  ['writes-100-mib', failed, failed],
  ['draws-10000-times', fine, fine],
  ['reads-10000-times', fine, fine],
  ['reads-10000-at-once', fine, fine],
  ['reads-and-answers', fine, fine],
  ['floods-the-log', fine, fine],
];

class Victim {
  readonly #host: TestHost;
  readonly #kind: RoomKind;
  readonly #logged: readonly string[];

  private constructor(host: TestHost, kind: RoomKind, logged: readonly string[]) {
    this.#host = host;
    this.#kind = kind;
    this.#logged = logged;
  }

  static async start(kind: RoomKind, hostile: CatalogEntry, limits: RoomLimits): Promise<Victim> {
    const logged: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line.slice(0, 2000)) });
    const host = await startHost({ catalog: [...readCatalog(), hostile], rooms: limits, log });
    await host.send('POST', 'sys/mounts/bad', { type: 'hostile' });
    await host.send('POST', 'secret/data/good', { data: { v: 'good' } });
    return new Victim(host, kind, logged);
  }

  do(what: string): ReturnType<TestHost['send']> {
    return this.#host.send('POST', `bad/${what}`, {});
  }

  /** Waits until the hostile engine answers again: it backs off for longer and longer while it keeps failing. */
  async recovered(): Promise<void> {
    await vi.waitUntil(async () => (await this.do('do/fine')).status === 200, { timeout: 50_000, interval: 20 });
  }

  /** Whether another mount reads and writes. */
  async othersAnswer(): Promise<boolean> {
    const read = await this.#host.send('GET', 'secret/data/good');
    const write = await this.#host.send('POST', 'secret/data/other', { data: { v: 1 } });
    return read.status === 200 && read.json.data.data.v === 'good' && write.status === 200;
  }

  /** Whether the two entries are there that every way writes. */
  async written(way: string): Promise<unknown> {
    return (await this.#host.send('GET', `bad/do/${way}`)).json.data;
  }

  /** As the operator sees the room. */
  async room(): Promise<{ readonly state: string; readonly reason?: string; readonly restarts: number }> {
    const { plugins } = (await this.#host.send('GET', 'sys/plugins/status')).json.data;
    return plugins[this.#kind === 'thread' ? 'hostile' : 'hostile:component'];
  }

  logged(text: string): number {
    return this.#logged.filter((line) => line.includes(text)).length;
  }

  stop(): Promise<void> {
    return this.#host.server.stop();
  }
}

interface Outcome {
  readonly status: number;
  /** Of other mounts: during the fault and after it. */
  readonly others: readonly boolean[];
  /** Whether what only the operator may read is in the answer. */
  readonly told: boolean;
  readonly written: unknown;
}

/** Lets the engine fail in a way, and waits until it answers again. */
async function outcomeOf(victim: Victim, way: string): Promise<Outcome> {
  await victim.recovered();
  const failing = victim.do(`do/${way}`);
  const during = await victim.othersAnswer();
  const { status, text } = await failing;
  const after = await victim.othersAnswer();
  await victim.recovered();
  return { status, others: [during, after], told: text.includes('canary-of-the-plugin'), written: await victim.written(way) };
}

/** All right, with an answer of this status. */
function expected(status: number): Outcome {
  const whole = status < 300;
  return { status, others: [true, true], told: false, written: { first: whole, second: whole } };
}

describe.each(rooms)('an engine in a %s that', (kind) => {
  const column = kind === 'thread' ? 1 : 2;
  let short: Victim;
  let long: Victim;

  beforeAll(async () => {
    const thread = threadEntry('hostile', new URL('hostile/index.ts', import.meta.url), '0.1.0');
    const entry = kind === 'thread' ? thread : componentEntry('hostile', await componentOf('test/isolation/hostile/index.ts'), 32, '0.1.0');
    short = await Victim.start(kind, entry, hurried);
    long = await Victim.start(kind, entry, patient);
  });
  afterAll(async () => {
    await short.stop();
    await long.stop();
  });

  test.each(hurriedFaults)('%s is stopped, and leaves its write whole or absent', async (...fault) => {
    const outcome = await outcomeOf(short, fault[0]);
    expect(fault[column]).toContain(outcome.status);
    expect(outcome).toEqual(expected(outcome.status));
  });

  test.each(faults)('%s costs its own request only, and leaves its write whole or absent', async (...fault) => {
    const outcome = await outcomeOf(long, fault[0]);
    expect(fault[column]).toContain(outcome.status);
    expect(outcome).toEqual(expected(outcome.status));
  });

  test('dies at any message of a call leaves nothing of it', async () => {
    for (let step = 1; step <= 7; step += 1) {
      await long.recovered();
      expect([step, (await long.do(`die/${step}`)).status]).toEqual([step, 500]);
      expect(await long.othersAnswer()).toBe(true);
      await long.recovered();
      expect([step, await long.written(`die-${step}`)]).toEqual([step, { first: false, second: false }]);
    }
    const whole = await long.do('die/8');
    expect([whole.status, whole.json.data, await long.written('die-8')]).toEqual([200, { steps: 7 }, { first: true, second: true }]);
  });

  test('fails together with other calls leaves none of them half written', async () => {
    await long.recovered();
    const [, waiting, failing] = await Promise.all(['fine', 'never-answers', 'exits'].map((way) => long.do(`do/${way}`)));
    expect([waiting?.status, failing?.status]).toEqual([500, 500]);
    await long.recovered();
    expect(await long.written('never-answers')).toEqual({ first: false, second: false });
  });

  test('floods the log has its first lines kept, and the others counted', async () => {
    await long.recovered();
    const [lines, counted] = [long.logged('xxx'), long.logged('are left out')];
    expect((await long.do('do/floods-the-log')).status).toBe(200);
    await expect.poll(() => long.logged('are left out'), { timeout: 30_000 }).toBeGreaterThan(counted);
    // What was counted may be of an earlier flood: the lines of this one still come, some at a time.
    await expect.poll(() => long.logged('xxx') - lines, { timeout: 30_000 }).toBeGreaterThanOrEqual(500);
    // In one second, or on a busy machine in two.
    expect(long.logged('xxx') - lines).toBeLessThanOrEqual(6000);
  });

  test('fails for long is seen by the operator, with the reason', async () => {
    await short.recovered();
    await short.do('do/loops');
    expect(await short.room()).toMatchObject({ state: 'backing-off', reason: 'a call missed its deadline' });
    await short.recovered();
    expect(await short.room()).toMatchObject({ state: 'healthy' });
    expect(short.logged('an engine worker ended')).toBeGreaterThan(0);
    expect(long.logged('canary-of-the-plugin')).toBeGreaterThan(0);
  });

  test('uses up memory gives it back', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const mebibyte = 1_048_576;
    const useUp = async (): Promise<void> => {
      for (const way of ['holds-200-mib', 'answers-100-mib', 'writes-100-mib', 'exits']) {
        await long.recovered();
        await long.do(`do/${way}`);
      }
      await short.recovered();
      await short.do('do/exhausts-the-heap');
      await Promise.all([long.recovered(), short.recovered()]);
      collect();
    };
    await useUp();
    const before = process.memoryUsage.rss();
    for (let times = 0; times < 2 * Math.min(scale, 10); times += 1) await useUp();
    await expect
      .poll(() => (collect(), process.memoryUsage.rss() - before), { timeout: 30_000, interval: 200 })
      .toBeLessThan(250 * mebibyte);
  });
});
