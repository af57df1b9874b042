/** A room's start. Invariant: what can't be loaded is refused in time, and tried again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { componentOf } from '../../test/harness/components.ts';
import { rawPlugin } from '../../test/harness/raw-component.ts';
import { ComponentSource } from './component/prepare.ts';
import { moduleUrl } from './plugin-file.ts';
import { plainCall } from './testing.ts';
import { componentProgram, roomLimits, threadProgram, ThreadRoom } from './thread-room.ts';

const log = pino({ level: 'silent' });
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strongroom-room-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a plugin that could not be loaded is loaded when it can be', async () => {
  const module = join(folder, 'plugin.mjs');
  const room = new ThreadRoom(threadProgram('p', pathToFileURL(module).href), roomLimits, log);
  await expect(room.outline()).rejects.toThrow('the engine could not be loaded');
  expect(room.status()).toMatchObject({ state: 'backing-off' });
  writeFileSync(module, "export default { kind: 'engine', name: 'p', version: '1.0.0', routes: {} };");
  await expect.poll(() => room.outline().catch(() => undefined), { timeout: 10_000, interval: 20 }).toMatchObject({ name: 'p' });
  await room.close();
});

test('a component that never says what it declares is stopped at the deadline', async () => {
  const bytes = await rawPlugin({ describe: '(loop $l (br $l))' });
  const prepared = await new ComponentSource('raw', () => bytes, 4).prepare();
  const room = new ThreadRoom(componentProgram('raw', prepared), { ...roomLimits, deadlineMs: 500 }, log);
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
  const room = new ThreadRoom(threadProgram('p', pathToFileURL(module).href), { ...roomLimits, heapMiB: 48 }, log);
  await expect(room.call(plainCall, {})).rejects.toMatchObject({ code: 'internal' });
  expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'its heap has grown beyond 160 MiB' });
  await room.close();
});

test.runIf(process.platform === 'linux')('the thread of a plugin from outside goes behind the host and its own engines', async () => {
  const source = `import { getPriority } from 'node:os';
     const handler = () => ({ data: { nice: getPriority() } });
     export default { kind: 'engine', name: 'p', version: '1.0.0', routes: { t: { summary: '', read: { handler } } } };`;
  const own = join(folder, 'own.mjs');
  writeFileSync(own, source);
  const niceOf = async (module: string): Promise<unknown> => {
    const room = new ThreadRoom(threadProgram('p', module), roomLimits, log);
    const { reply } = await room.call(plainCall, {});
    await room.close();
    return JSON.parse(reply?.data ?? '') as unknown;
  };
  const before = getPriority();
  expect(await niceOf(pathToFileURL(own).href)).toEqual({ nice: before });
  expect(await niceOf(moduleUrl(Buffer.from(source)))).toEqual({ nice: Math.max(10, before) });
  expect(getPriority()).toBe(before);
});

test('a mount whose instances are lost one after another waits, as operators can see, and other mounts do not', async () => {
  const bytes = await componentOf('test/isolation/hostile/index.ts');
  const prepared = await new ComponentSource('hostile', () => bytes, 32).prepare();
  const room = new ThreadRoom(componentProgram('hostile', prepared), roomLimits, log);
  const call = (mountId: string, way: string): Promise<unknown> =>
    room.call({ ...plainCall, mountId, template: 'do/{way}', verb: 'update', params: { way } }, {});
  await expect(call('bad', 'recurses')).rejects.toMatchObject({ code: 'internal' });
  await expect(call('bad', 'fine')).resolves.toMatchObject({ kind: 'reply' });
  for (let times = 0; times < 2; times += 1) await expect(call('bad', 'recurses')).rejects.toMatchObject({ code: 'internal' });
  // Since the second of them; how long this takes is of no account, because each further one doubles it.
  await expect
    .poll(() => call('bad', 'recurses').catch((error: unknown) => error), { timeout: 20_000, interval: 0 })
    .toMatchObject({ code: 'unavailable', errors: ["the engine is restarting after a fault (the mount's instance was lost)"] });
  expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'mounts that lost their instances again and again: 1' });
  await expect(call('good', 'fine')).resolves.toMatchObject({ kind: 'reply' });
  await expect.poll(() => call('bad', 'fine').catch(() => undefined), { timeout: 40_000, interval: 20 }).toMatchObject({ kind: 'reply' });
  expect(room.status()).toMatchObject({ state: 'healthy', restarts: 0 });
  await room.close();
});
