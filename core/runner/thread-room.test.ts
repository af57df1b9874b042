/** A room's start. Invariant: what can't be loaded is refused in time, and tried again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { componentOf } from '../../test/harness/components.ts';
import { rawPlugin } from '../../test/harness/raw-component.ts';
import { ComponentSource } from './component/prepare.ts';
import { plainCall } from './testing.ts';
import { componentProgram, roomLimits, type RoomWorld, threadProgram, ThreadRoom } from './thread-room.ts';

const log = pino({ level: 'silent' });
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strongroom-room-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a plugin that could not be loaded is loaded when it can be', async () => {
  const module = join(folder, 'plugin.mjs');
  const room = new ThreadRoom(threadProgram('p', pathToFileURL(module).href, false), roomLimits, log);
  await expect(room.outline()).rejects.toThrow('the engine could not be loaded');
  expect(room.status()).toMatchObject({ state: 'backing-off' });
  writeFileSync(module, "export default { kind: 'engine', name: 'p', version: '1.0.0', routes: {} };");
  await expect.poll(() => room.outline().catch(() => undefined), { timeout: 10_000, interval: 20 }).toMatchObject({ name: 'p' });
  await room.close();
});

test('a component that never says what it declares is stopped at the deadline', async () => {
  const bytes = await rawPlugin({ describe: '(loop $l (br $l))' });
  const prepared = await new ComponentSource('raw', () => bytes, 4).prepare();
  const room = new ThreadRoom(componentProgram('raw', prepared, false), { ...roomLimits, deadlineMs: 500 }, log);
  await expect(room.outline()).rejects.toThrow('the engine could not be loaded: loading it took too long');
  expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'loading it took too long' });
  await room.close();
});

test('a worker whose heap grows without end is stopped long before V8 would stop the process', async () => {
  const module = join(folder, 'leaking.mjs');
  writeFileSync(
    module,
    `const map = new Map();
     const handler = () => { for (let index = 0; ; index++) map.set(index % 16e6, index); };
     export default { kind: 'engine', name: 'p', version: '1.0.0', routes: { t: { summary: '', read: { handler } } } };`,
  );
  const room = new ThreadRoom(threadProgram('p', pathToFileURL(module).href, false), { ...roomLimits, heapMiB: 48 }, log);
  await expect(room.call(plainCall, {})).rejects.toMatchObject({ code: 'internal' });
  expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'its memory has grown beyond 112 MiB' });
  await room.close();
});

test('what a worker holds in buffers counts like its heap, and what is garbage counts for nothing', async () => {
  const module = join(folder, 'buffering.mjs');
  writeFileSync(
    module,
    `const kept = [];
     const buffer = () => new Uint8Array(4 * 2 ** 20).fill(1);
     const holds = async ({ storage }) => { for (let index = 0; index < 250; index++) { kept.push(buffer()); await storage.get('k'); } return { data: {} }; };
     const churns = async ({ storage }) => { for (let index = 0; index < 250; index++) { buffer(); await storage.get('k'); } return { data: {} }; };
     export default { kind: 'engine', name: 'p', version: '1.0.0', routes: { t: { summary: '', read: { handler: churns }, update: { handler: holds } } } };`,
  );
  const room = new ThreadRoom(threadProgram('p', pathToFileURL(module).href, false), { ...roomLimits, heapMiB: 48 }, log);
  const world: RoomWorld = { get: (key) => delay(2, { key, revision: 0, value: undefined }), list: () => Promise.resolve([]) };
  await expect(room.call(plainCall, world)).resolves.toMatchObject({ kind: 'reply' });
  await expect(room.call({ ...plainCall, verb: 'update' }, world)).rejects.toMatchObject({ code: 'internal' });
  expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'its memory has grown beyond 112 MiB' });
  await room.close();
});

test('a mount whose faults are costly for others waits after the second of them, as operators can see, and other mounts do not', async () => {
  const bytes = await componentOf('test/isolation/hostile/index.ts');
  const prepared = await new ComponentSource('hostile', () => bytes, 32).prepare();
  const room = new ThreadRoom(componentProgram('hostile', prepared, false), roomLimits, log);
  const call = (mountId: string, way: string): Promise<unknown> =>
    room.call({ ...plainCall, mountId, template: 'do/{way}', verb: 'update', params: { way } }, {});
  await expect(call('bad', 'recurses')).rejects.toMatchObject({ code: 'internal' });
  await expect(call('bad', 'fine')).resolves.toMatchObject({ kind: 'reply' });
  for (let times = 0; times < 2; times += 1) await expect(call('bad', 'recurses')).rejects.toMatchObject({ code: 'internal' });
  // Since the second of them; how long this takes is of no account, because each further one doubles it.
  await expect
    .poll(() => call('bad', 'recurses').catch((error: unknown) => error), { timeout: 20_000, interval: 0 })
    .toMatchObject({
      code: 'unavailable',
      errors: ['the engine is restarting after a fault (one of this mount that was costly for others)'],
    });
  expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'mounts that wait after faults that were costly for others: 1' });
  await expect(call('good', 'fine')).resolves.toMatchObject({ kind: 'reply' });
  await expect.poll(() => call('bad', 'fine').catch(() => undefined), { timeout: 40_000, interval: 20 }).toMatchObject({ kind: 'reply' });
  expect(room.status()).toMatchObject({ state: 'healthy', restarts: 0 });
  await room.close();
});
