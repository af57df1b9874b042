/** What a call costs in each room, the message there and back included: one process, both sides of it counted. */
import { fileURLToPath } from 'node:url';
import { buildComponent } from '@strongroom/sdk-plugin/build';
import { pino } from 'pino';
import { ComponentSource } from '../../core/runner/component/prepare.ts';
import { type Call, type RoomProgram, roomLimits, threadProgram, ThreadRoom } from '../../core/runner/thread-room.ts';
import type { Report } from '../figure.ts';

const engine = new URL('reading-engine/index.ts', import.meta.url);
const value = Buffer.from(JSON.stringify({ text: 'x'.repeat(1000) }));
const warmUpCalls = 5000;
/** Mounts whose instances are counted. */
const mounts = 50;

/** Measures both rooms. @param calls of each kind */
export async function measureRooms(report: Report, calls = 10_000): Promise<void> {
  const bytes = await buildComponent(fileURLToPath(engine));
  const began = performance.now();
  const prepared = await new ComponentSource('reading', () => bytes, 64).prepare();
  report({ name: 'rooms: compile a component, once per start', value: performance.now() - began, unit: 'ms' });
  await measureRoom('thread', threadProgram('reading', engine.href), report, calls);
  const task = new URL('../../core/runner/serve-component.ts', import.meta.url);
  await measureRoom('component', { name: 'reading', task, data: { prepared } }, report, calls);
}

async function measureRoom(name: string, program: RoomProgram, report: Report, calls: number): Promise<void> {
  const room = new ThreadRoom(program, roomLimits, pino({ level: 'silent' }));
  const before = process.memoryUsage.rss();
  const began = performance.now();
  await room.outline();
  report({ name: `rooms: ${name}, start of a worker`, value: performance.now() - began, unit: 'ms' });
  report({ name: `rooms: ${name}, memory of a worker`, value: (process.memoryUsage.rss() - before) / 1_048_576, unit: 'MiB' });
  for (const reads of [0, 1, 4]) {
    await load(room, reads, 16, Math.min(warmUpCalls, calls));
    for (const atOnce of [1, 64]) {
      const { cpu, p50, p99 } = await load(room, reads, atOnce, calls);
      const what = `rooms: ${name}, ${reads} reads, ${atOnce} at once`;
      report({ name: `${what}, CPU of a call`, value: cpu, unit: 'us CPU' });
      report({ name: `${what}, p50`, value: p50, unit: 'us' });
      report({ name: `${what}, p99`, value: p99, unit: 'us' });
    }
  }
  const resident = process.memoryUsage.rss();
  for (let mount = 0; mount < mounts; mount += 1) await room.call(callOf(1, `mount-${mount}`), world);
  report({ name: `rooms: ${name}, memory of one more mount`, value: (process.memoryUsage.rss() - resident) / mounts / 1024, unit: 'KiB' });
  await room.close();
}

const world = {
  get: (key: string) => Promise.resolve({ key, revision: 1, value }),
  list: () => Promise.resolve([]),
};

function callOf(reads: number, mountId = 'mount'): Call {
  return {
    phase: 'handle',
    mountId,
    mount: '{"path":"bench/","options":{}}',
    template: 'reads/{count}',
    verb: 'read',
    params: { count: String(reads) },
    input: {},
    now: 1_700_000_000_000,
    caller: '{"displayName":"bench","entityId":"","policies":["default"]}',
    entries: [],
  };
}

async function load(
  room: ThreadRoom,
  reads: number,
  atOnce: number,
  calls: number,
): Promise<{ readonly cpu: number; readonly p50: number; readonly p99: number }> {
  const times: number[] = [];
  let begun = 0;
  const used = process.cpuUsage();
  const caller = async (): Promise<void> => {
    while (begun < calls) {
      begun += 1;
      const from = performance.now();
      await room.call(callOf(reads), world);
      times.push((performance.now() - from) * 1000);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  const { user, system } = process.cpuUsage(used);
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? 0;
  return { cpu: (user + system) / calls, p50: at(0.5), p99: at(0.99) };
}
