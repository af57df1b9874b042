/** The component room, attacked from inside. Invariants: nothing of the host and of other mounts can be reached; what an instance breaks is its own. */
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { componentEntry, componentOf } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';

let host: TestHost;

beforeAll(async () => {
  host = await startHost({
    catalog: [...readCatalog(), componentEntry('sandbox', await componentOf('test/isolation/sandbox/index.ts'), 32)],
  });
  for (const [path, type] of [
    ['box', 'sandbox'],
    ['box2', 'sandbox'],
    ['poisoned', 'sandbox'],
  ] as const)
    await host.send('POST', `sys/mounts/${path}`, { type });
});

afterAll(() => host.server.stop());

async function recovered(mount = 'box'): Promise<void> {
  await expect.poll(async () => (await host.send('POST', `${mount}/do/nothing`, {})).status, { timeout: 50_000, interval: 20 }).toBe(200);
}

test('the mounts run as components', async () => {
  await recovered();
  expect(host.server.unsealed?.rooms.status()).toMatchObject({ 'sandbox:component': { state: 'healthy' } });
});

describe('an engine in a component that', () => {
  test('takes the hidden clock is answered with 500, and its mount answers again', async () => {
    await recovered();
    expect((await host.send('POST', 'box/do/takes-the-hidden-clock', {})).status).toBe(500);
    await recovered();
  });

  test('poisons its prototypes poisons its own mount, and neither another one of the same plugin nor the host', async () => {
    await recovered('poisoned');
    await recovered();
    await host.send('POST', 'poisoned/do/poisons-prototypes', {});
    expect((await host.send('POST', 'box/do/nothing', {})).status).toBe(200);
    expect(['poisoned' in {}, (await host.send('GET', 'sys/mounts')).status]).toEqual([false, 200]);
  });

  test('fails costs the calls of its own mount, not those of another one of the same plugin', async () => {
    await recovered();
    await recovered('box2');
    const restarts = host.server.unsealed?.rooms.status()['sandbox:component']?.restarts;
    const [slow, trap] = await Promise.all([
      host.send('POST', 'box2/do/reads-10000-times', {}),
      host.send('POST', 'box/do/takes-the-hidden-clock', {}),
    ]);
    expect([slow.status, trap.status]).toEqual([200, 500]);
    expect(host.server.unsealed?.rooms.status()['sandbox:component']?.restarts).toBe(restarts);
  });
});

describe('a component', () => {
  test('finds no file, socket, environment, process, clock or thread', async () => {
    await recovered();
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

  test('has the globals of the language and of text, and no others', async () => {
    const { names } = (await host.send('GET', 'box/globals')).json.data as { readonly names: readonly string[] };
    // Other engines lack or add some of the language.
    const language = new Set([...Object.getOwnPropertyNames(runInNewContext('globalThis')), 'InternalError', 'Float16Array']);
    const others = names.filter((name) => !language.has(name));
    // Of text, and what componentize-qjs and the guest's promises keep there; `performance` is undefined.
    const known = 'DOMException TextDecoder TextEncoder atob btoa performance queueMicrotask __cqjs __strongroomRunAsync wit'.split(' ');
    expect(new Set(known).isSupersetOf(new Set(others)) ? [] : others).toEqual([]);
  });

  test('has dates, without a clock', async () => {
    expect((await host.send('GET', 'box/dates')).json.data).toEqual({
      iso: '2023-11-14T22:13:20.123Z',
      fields: 1,
      text: 1_582_934_400_000,
      utc: 1_577_836_800_000,
      parsed: 1000,
      copies: 5,
      later: ['later', '1970-01-02T00:00:00.000Z', 'true'],
    });
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

  test('lists no storage but its own', async () => {
    await host.send('POST', 'box2/do/writes', {});
    const found = [];
    for (let directory = 0; directory < 7; directory += 1)
      found.push((await host.send('GET', `box/directory/${directory}`)).json.data.found);
    // The last one is its own.
    expect(found).toEqual([[], [], [], [], [], [], []]);
    expect((await host.send('GET', 'box2/directory/6')).json.data.found).toEqual(['mine']);
  });

  test('loads no module', async () => {
    await recovered();
    const { status, text } = await host.send('GET', 'box/import');
    expect([status, text.includes('found object')]).toEqual([500, false]);
  });

  test('keeps nothing from one mount to another', async () => {
    const kept = async (mount: string): Promise<unknown> => (await host.send('POST', `${mount}/do/keeps-a-secret`, {})).json.data.kept;
    await recovered();
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
