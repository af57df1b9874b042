/**
 * What a call costs in each room, the message there and back included: one process, both sides of it counted. The host room runs the same
 * engine without any way to go.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { buildComponent } from '@strongroom/sdk-plugin/build';
import { cryptoClient, outlineOf } from '@strongroom/sdk-plugin/serving';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { pino } from 'pino';
import { Barrier } from '../../core/barrier/barrier.ts';
import { DerivedCache } from '../../core/barrier/derived-cache.ts';
import { Keyring } from '../../core/barrier/keyring.ts';
import { ComponentSource } from '../../core/runner/component/prepare.ts';
import { JobPool } from '../../core/runner/job-pool.ts';
import { PluginCrypto } from '../../core/runner/plugin-crypto.ts';
import type { Prepared } from '../../core/runner/component/transpile-task.ts';
import {
  type Call,
  componentProgram,
  type RoomProgram,
  roomLimits,
  type RoomWorld,
  threadProgram,
  ThreadRoom,
} from '../../core/runner/thread-room.ts';
import { openMemory } from '../../core/storage/memory.ts';
import kv from '../../plugins/kv/index.ts';
import type { Report } from '../figure.ts';
import { fiveFields } from '../workload.ts';
import { type BenchRoom, HostRoom } from './host-room.ts';
import reading from './reading-engine/index.ts';
import { StoredSecrets } from './stored-secrets.ts';

const readingUrl = new URL('reading-engine/index.ts', import.meta.url);
const kvUrl = new URL('../../plugins/kv/index.ts', import.meta.url);
const value = Buffer.from(JSON.stringify({ text: 'x'.repeat(1000) }));
const warmUpCalls = 5000;
const mountCounts = [1, 100, 1000];
const rounds = 5;

type Rooms = Readonly<Record<string, () => Promise<BenchRoom & { close?: () => Promise<void> }>>>;

/** Measures all rooms. @param calls of each kind */
export async function measureRooms(report: Report, calls = 10_000): Promise<void> {
  const began = performance.now();
  const prepared = await component('reading', fileURLToPath(readingUrl));
  report({ name: 'rooms: build and compile a component', value: performance.now() - began, unit: 'ms' });
  const keys = await Keys.make();
  await inRooms(
    rooms(readingUrl.href, prepared, () => new HostRoom(reading)),
    async (name, room) => {
      for (const reads of [0, 1, 4]) await measureCalls(report, `${name}, ${reads} reads`, room, () => readingCall(reads), world, calls);
      for (const kind of keys.kinds) {
        const few = kind === 'rsa' ? calls / 20 : calls;
        await measureCalls(report, `${name}, ${kind}`, room, () => cryptoCall(kind), keys.world, few);
      }
    },
  );
  await keys.close();
  await measureKv(report, calls);
  await measureMounts(report, 'thread', () => threadProgram('reading', readingUrl.href, false));
  await measureMounts(report, 'component', () => componentProgram('bench', prepared, false));
}

async function component(name: string, source: string): Promise<Prepared> {
  const bytes = await buildComponent(source);
  return new ComponentSource(name, () => bytes, 64).prepare();
}

function rooms(module: string, prepared: Prepared, host: () => HostRoom): Rooms {
  const open = (program: RoomProgram): Promise<ThreadRoom> =>
    Promise.resolve(new ThreadRoom(program, roomLimits, pino({ level: 'silent' })));
  return {
    host: () => Promise.resolve(host()),
    thread: () => open(threadProgram('bench', module, false)),
    component: () => open(componentProgram('bench', prepared, false)),
  };
}

async function inRooms(all: Rooms, use: (name: string, room: BenchRoom) => Promise<void>): Promise<void> {
  for (const [name, open] of Object.entries(all)) {
    const room = await open();
    try {
      await use(name, room);
    } finally {
      await room.close?.();
    }
  }
}

/** Keys of the kinds that the engine uses, and the world that holds them. */
class Keys {
  readonly kinds: readonly string[] = ['aes', 'ecdsa', 'rsa'];
  readonly world: RoomWorld;
  readonly #jobs: JobPool;

  private constructor(sealed: Readonly<Record<string, Uint8Array>>, crypto: ReturnType<PluginCrypto['of']>, jobs: JobPool) {
    this.#jobs = jobs;
    this.world = { get: (key) => Promise.resolve({ key, revision: 1, value: sealed[key] }), list: () => Promise.resolve([]), crypto };
  }

  static async make(): Promise<Keys> {
    const vault = {
      storage: openMemory({ seed: 1 }),
      barrier: new Barrier(randomBytes(32), 'bench', Keyring.create(0)),
      derived: new DerivedCache(10),
    };
    const jobs = new JobPool();
    const crypto = new PluginCrypto(vault, jobs).of('mount');
    const client = cryptoClient(crypto, () => {});
    const signs = ['sign', 'verify'] as const;
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 } as const;
    const sealed = {
      'key/aes': (await client.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])).sealed,
      'key/ecdsa': (await client.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, signs)).privateKey.sealed,
      'key/rsa': (await client.generateKey(rsa, false, signs)).privateKey.sealed,
    };
    return new Keys(sealed, crypto, jobs);
  }

  close(): Promise<void> {
    return this.#jobs.close();
  }
}

const world: RoomWorld = {
  get: (key: string) => Promise.resolve({ key, revision: 1, value }),
  list: () => Promise.resolve([]),
};

/** A read of a secret as the host asks for it: its table, with its newest version, travels along. */
async function measureKv(report: Report, calls: number): Promise<void> {
  const mount = new TestMount(kv, { restarts: false });
  await mount.call('update', 'data/team/app', { data: fiveFields(1) });
  const entry = (key: string): { key: string; revision: number; value: Uint8Array | undefined } => ({
    key,
    revision: 1,
    value: mount.entries.get(key)?.slice(),
  });
  const kvWorld: RoomWorld = { get: (key) => Promise.resolve(entry(key)), list: () => Promise.resolve([]) };
  await mount.call('read', 'data/team/app');
  if (mount.trace.asked.length > 0) throw new Error('bench: a read of a secret asks for more than what travels with it here');
  const along = ['meta/team/app'];
  const call = (): Call => ({ ...callOf('data/{path+}', { path: 'team/app' }), entries: along.map(entry) });
  const prepared = await component('kv', fileURLToPath(kvUrl));
  const all = rooms(kvUrl.href, prepared, () => new HostRoom(kv));
  await inRooms(all, (name, room) => measureCalls(report, `${name}, KV read, entries at hand`, room, call, kvWorld, calls));
  await compareRooms(report, 'KV read, entries at hand', all, call, kvWorld, calls);

  const stored = await StoredSecrets.write();
  const operation = outlineOf(kv).routes['data/{path+}']?.verbs.read;
  if (operation === undefined) throw new Error('bench: the engine reads no secrets');
  const template = callOf('data/{path+}', {});
  await compareRooms(report, 'KV read, not cached', all, () => stored.read(template, operation), kvWorld, calls, {
    thread: 2,
    component: 4,
  });
  await stored.close();
}

/** @param atMost times what it costs in the host */
async function compareRooms(
  report: Report,
  what: string,
  all: Rooms,
  call: () => Call | Promise<Call>,
  at: RoomWorld,
  calls: number,
  atMost: Readonly<Record<string, number>> = {},
): Promise<void> {
  const cpu = await leastCpu(all, call, at, calls);
  for (const [name, least] of Object.entries(cpu))
    report({ name: `rooms: ${name}, ${what}, 64 at once, CPU of a call, the least of ${rounds}`, value: least, unit: 'us CPU' });
  for (const name of ['thread', 'component']) {
    const goal = atMost[name] === undefined ? {} : { budget: { of: 'value', atMost: atMost[name] } as const };
    report({
      name: `rooms: ${what}, ${name} against host, 64 at once, the least of ${rounds}`,
      value: cpu[name]! / cpu['host']!,
      unit: 'x',
      ...goal,
    });
  }
}

/** The rooms in turn, several times, and the least of each: what else the machine does meanwhile is in none of them. */
async function leastCpu(
  all: Rooms,
  call: () => Call | Promise<Call>,
  at: RoomWorld,
  calls: number,
): Promise<Readonly<Record<string, number>>> {
  const least: Record<string, number> = {};
  const opened = await Promise.all(Object.entries(all).map(async ([name, open]) => ({ name, room: await open() })));
  try {
    for (const { room } of opened) await load(room, call, at, 16, Math.min(warmUpCalls, calls));
    for (let round = 0; round < rounds; round += 1)
      for (const { name, room } of opened)
        least[name] = Math.min(least[name] ?? Number.POSITIVE_INFINITY, (await load(room, call, at, 64, calls)).cpu);
  } finally {
    for (const { room } of opened) await room.close?.();
  }
  return least;
}

/** Measures a call alone and with 64 at once. */
async function measureCalls(report: Report, name: string, room: BenchRoom, call: () => Call, at: RoomWorld, calls: number): Promise<void> {
  await load(room, call, at, 16, Math.min(warmUpCalls, calls));
  for (const atOnce of [1, 64]) {
    const { cpu, p50, p99 } = await load(room, call, at, atOnce, calls);
    const what = `rooms: ${name}, ${atOnce} at once`;
    report({ name: `${what}, CPU of a call`, value: cpu, unit: 'us CPU' });
    report({ name: `${what}, p50`, value: p50, unit: 'us' });
    report({ name: `${what}, p99`, value: p99, unit: 'us' });
  }
}

/** Starts a room, and calls it for more and more mounts. */
async function measureMounts(report: Report, name: string, program: () => RoomProgram): Promise<void> {
  for (const mounts of mountCounts) {
    const room = new ThreadRoom(program(), roomLimits, pino({ level: 'silent' }));
    const before = process.memoryUsage.rss();
    const began = performance.now();
    await room.outline();
    for (let mount = 0; mount < mounts; mount += 1) await room.call({ ...readingCall(1), mountId: `mount-${mount}` }, world);
    const took = performance.now() - began;
    report({ name: `rooms: ${name}, ${mounts} mounts, start and a call of each`, value: took, unit: 'ms' });
    report({ name: `rooms: ${name}, ${mounts} mounts, memory`, value: (process.memoryUsage.rss() - before) / 1_048_576, unit: 'MiB' });
    await room.close();
  }
}

function readingCall(reads: number): Call {
  return callOf('reads/{count}', { count: String(reads) });
}

function cryptoCall(kind: string): Call {
  return callOf('crypto/{kind}', { kind });
}

function callOf(template: string, params: Readonly<Record<string, string>>): Call {
  return {
    phase: 'handle',
    mountId: 'mount',
    mount: '{"path":"bench/","options":{}}',
    template,
    verb: 'read',
    params,
    input: {},
    now: 1_700_000_000_000,
    caller: '{"displayName":"bench","entityId":"","policies":["default"]}',
    entries: [],
  };
}

/** @param call made anew each time, as a host does: what is the same object in two messages of a batch would be sent once */
async function load(
  room: BenchRoom,
  call: () => Call | Promise<Call>,
  at: RoomWorld,
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
      const made = call();
      await room.call(made instanceof Promise ? await made : made, at);
      times.push((performance.now() - from) * 1000);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  const { user, system } = process.cpuUsage(used);
  times.sort((a, b) => a - b);
  const part = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
  return { cpu: (user + system) / calls, p50: part(0.5), p99: part(0.99) };
}
