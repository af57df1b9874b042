/** A room's start. Invariant: what can't be loaded is refused in time, and tried again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rawPlugin } from '../../test/harness/raw-component.ts';
import { ComponentSource } from './component/prepare.ts';
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
  const call = {
    phase: 'handle',
    mountId: 'm',
    mount: '{}',
    template: 't',
    verb: 'read',
    params: {},
    input: {},
    now: 1,
    caller: '{}',
    entries: [],
  } as const;
  await expect(room.call(call, {})).rejects.toMatchObject({ code: 'internal' });
  expect(room.status()).toMatchObject({ state: 'backing-off', reason: 'its heap has grown beyond 160 MiB' });
  await room.close();
});
