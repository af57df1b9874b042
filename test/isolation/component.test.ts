/**
 * The component room, attacked from inside. Invariants: nothing of the host can be reached; what an instance uses up is its own; a request that
 * fails has written nothing, and other mounts of other plugins answer all the while.
 */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { componentEntry, componentOf } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';

let host: TestHost;
let logged = '';

beforeAll(async () => {
  host = await startHost({
    catalog: [
      ...readCatalog(),
      componentEntry('hostile', await componentOf('test/isolation/hostile/index.ts'), 32, '0.1.0'),
      componentEntry('sandbox', await componentOf('test/isolation/sandbox/index.ts'), 32),
    ],
    rooms: { deadlineMs: 3000, heapMiB: 128, callsMax: 100 },
    log: pino({ level: 'info' }, { write: (line: string) => void (logged = (logged + line).slice(-200_000)) }),
  });
  for (const [path, type] of [
    ['bad', 'hostile'],
    ['box', 'sandbox'],
    ['box2', 'sandbox'],
  ] as const)
    await host.send('POST', `sys/mounts/${path}`, { type });
  await host.send('POST', 'secret/data/good', { data: { v: 'good' } });
});

afterAll(() => host.server.stop());

async function recovered(mount = 'bad/do/fine'): Promise<void> {
  await expect.poll(async () => (await host.send('POST', mount, {})).status, { timeout: 50_000, interval: 20 }).toBe(200);
}

async function otherMountAnswers(): Promise<void> {
  const read = await host.send('GET', 'secret/data/good');
  expect([read.status, read.json.data.data]).toEqual([200, { v: 'good' }]);
}

test('the mounts run as components', async () => {
  await recovered();
  await recovered('box/do/asks-10000-times');
  expect(host.server.unsealed?.rooms.status()).toMatchObject({
    'hostile:component': { state: 'healthy' },
    'sandbox:component': { state: 'healthy' },
  });
});

describe('an engine in a component that', () => {
  const failures: readonly (readonly [string, readonly number[]])[] = [
    ['throws', [500]],
    ['throws-nothing', [500]],
    ['rejects', [500]],
    ['rejects-later', [500]],
    ['exits', [500]],
    ['loops', [504]],
    ['never-answers', [500]],
    ['exhausts-the-heap', [500]],
    ['answers-a-function', [500]],
    ['answers-garbage', [200, 204, 500]],
    ['answers-a-status', [500]],
    ['answers-a-circle', [500]],
    ['writes-elsewhere', [500]],
    ['writes-no-bytes', [500]],
  ];
  test.each(failures)('%s costs its own request only, and leaves its write whole or absent', async (way, statuses) => {
    await recovered();
    const failing = host.send('POST', `bad/do/${way}`, {});
    await otherMountAnswers();
    const { status, text } = await failing;
    expect(statuses).toContain(status);
    expect(text).not.toContain('canary-of-the-plugin');
    await otherMountAnswers();
    await recovered();
    const { data } = (await host.send('GET', `bad/do/${way}`)).json;
    const written = status < 300;
    expect(data).toEqual({ first: written, second: written });
  });

  test.each([
    ['recurses', 500],
    ['nests-json', 500],
    ['awaits-forever', 500],
    ['answers-100-mib', 500],
    ['answers-20-mib', 500],
    ['matches-slowly', 504],
    ['asks-10000-times', 200],
    ['reads-10000-times', 200],
    ['poisons-prototypes', 500],
    ['takes-the-hidden-clock', 500],
  ])('%s is answered with %i, and its mount answers again', async (way, status) => {
    await recovered('box/do/asks-10000-times');
    const asked = host.send('POST', `box/do/${way}`, {});
    await otherMountAnswers();
    expect((await asked).status).toBe(status);
    await recovered('box/do/asks-10000-times');
  });

  test('fails costs the calls of its own mount, not those of another one of the same plugin', async () => {
    await recovered('box/do/asks-10000-times');
    await recovered('box2/do/asks-10000-times');
    const restarts = host.server.unsealed?.rooms.status()['sandbox:component']?.restarts;
    const [slow, trap] = await Promise.all([host.send('POST', 'box2/do/reads-10000-times', {}), host.send('POST', 'box/do/recurses', {})]);
    expect([slow.status, trap.status]).toEqual([200, 500]);
    expect(host.server.unsealed?.rooms.status()['sandbox:component']?.restarts).toBe(restarts);
  });

  test('floods the log is answered, with its first lines kept', async () => {
    await recovered();
    logged = '';
    expect((await host.send('POST', 'bad/do/floods-the-log', {})).status).toBe(200);
    await expect.poll(() => logged).toContain('19000 more lines of this turn are left out');
  });
});

describe('a component', () => {
  test('finds no file, socket, environment, process, clock or thread', async () => {
    await recovered('box/do/asks-10000-times');
    const { found, times } = (await host.send('GET', 'box/probe')).json.data as {
      readonly found: Record<string, string>;
      readonly times: number;
    };
    const clocks = Object.entries(found).filter(([name]) => name.includes('Date'));
    expect(clocks).toHaveLength(3);
    for (const [, what] of clocks) expect(what).toMatch(/^stopped: Error: a plugin has no clock/);
    for (const [name, what] of Object.entries(found)) if (!name.includes('Date')) expect([name, what]).toEqual([name, 'nothing']);
    expect(Object.keys(found).length).toBeGreaterThan(20);
    expect(times).toBe(1);
  });

  test('reads no storage but its own', async () => {
    const read = async (key: number): Promise<unknown> => {
      const { status, json } = await host.send('GET', `box/storage/${key}`);
      return json.data?.found ?? status;
    };
    const found = [];
    for (let key = 0; key < 7; key += 1) found.push(await read(key));
    expect(found).toEqual([500, 500, 500, 500, 500, 500, 'nothing']);
  });

  test('loads no module', async () => {
    await recovered('box/do/asks-10000-times');
    const { status, text } = await host.send('GET', 'box/import');
    expect([status, text.includes('found object')]).toEqual([500, false]);
  });

  test('keeps nothing from one mount to another', async () => {
    const kept = async (mount: string): Promise<unknown> => (await host.send('POST', `${mount}/do/keeps-a-secret`, {})).json.data.kept;
    await recovered('box/do/asks-10000-times');
    expect([await kept('box'), await kept('box2'), await kept('box')]).toEqual(['nothing', 'nothing', 'box/']);
  });

  test('draws other random numbers in every instance', async () => {
    const draw = async (mount: string): Promise<unknown> => (await host.send('POST', `${mount}/random`, {})).json.data.number;
    const numbers = [await draw('box'), await draw('box2'), await draw('box')];
    expect(new Set(numbers).size).toBe(3);
  });

  test('that cannot be loaded is refused when it is mounted, with the reason', async () => {
    const broken = await startHost({ catalog: [...readCatalog(), componentEntry('broken', Buffer.from('no'))] });
    const { status, text } = await broken.send('POST', 'sys/mounts/x', { type: 'broken' });
    expect([status, text]).toEqual([503, '{"errors":["plugin broken: the component is refused: it is not a WebAssembly component"]}\n']);
    await broken.server.stop();
  });
});
