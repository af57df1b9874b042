/**
 * What a failing engine costs other mounts: latency of KV reads, not cached, at a fixed modest rate, while an engine in each room fails in one
 * way again and again; against the same reads undisturbed, in turns, since the machine may be shared.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import { type BenchServer, benchDirectory, fill, readRequests, remove, requestTexts, startAgain, startNew } from './bench-server.ts';
import type { Report } from './figure.ts';
import type { LoadGenerator } from './load/generator.ts';
import type { StreamResult } from './load/job.ts';

const hostile = fileURLToPath(new URL('../test/isolation/hostile/index.ts', import.meta.url));
const readsPerSecond = 500;
const connections = 16;
/** Faults that are begun in a second, if the one before has ended. */
const faultsPerSecond = 20;
const rounds = 9;
const ways = [
  'throws',
  'exits',
  'recurses',
  'exhausts-the-heap',
  'fills-a-map',
  'holds-200-mib',
  'answers-100-mib',
  'writes-100-mib',
  'reads-10000-times',
  'reads-10000-at-once',
  'floods-the-log',
];
/** They take until their deadline, which is longer than a measurement: what is undisturbed is measured before. */
const lasting = ['never-answers', 'loops'];

/** Measures both rooms. @param seconds of each measurement */
export async function measureFaults(load: LoadGenerator, report: Report, seconds = 1): Promise<void> {
  for (const [room, extension] of [
    ['thread', 'mjs'],
    ['component', 'wasm'],
  ] as const) {
    const first = await startNew(benchDirectory());
    const path = join(first.server.directory, `hostile.${extension}`);
    let running = first;
    try {
      await buildPlugin(hostile, path);
      await fill(first, load);
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
      running = await startAgain(first, {
        cache: { plaintext: false },
        plugins: [{ name: 'hostile', path, version: '0.1.0', sha256, isolation: room, memory_mib: 64 }],
        mounts: [{ path: 'bad/', type: 'hostile' }],
      });
      await measureRoom(room, { load, running, rootToken: first.server.rootToken, seconds }, report);
    } finally {
      await remove(running);
      rmSync(path, { force: true });
    }
  }
}

interface Bench {
  readonly load: LoadGenerator;
  readonly running: BenchServer;
  readonly rootToken: string;
  readonly seconds: number;
}

async function measureRoom(room: string, bench: Bench, report: Report): Promise<void> {
  await reads(bench);
  const all: StreamResult[] = [];
  const measure = async (way: string, calm: () => Promise<StreamResult>): Promise<void> => {
    const usual: StreamResult[] = [];
    const disturbed: StreamResult[] = [];
    for (let round = 0; round < rounds; round += 1) {
      usual.push(await calm());
      disturbed.push(await whileFailing(bench, way, () => reads(bench)));
    }
    const p99 = median(disturbed.map(({ p99Ms }) => p99Ms));
    const ratio = p99 / median(usual.map(({ p99Ms }) => p99Ms));
    report({ name: `faults: ${room}, ${way}, p99`, value: p99, unit: 'ms', ratio, budget: { of: 'ratio', atMost: 2 } });
    all.push(...usual);
  };
  for (const way of ways) await measure(way, () => reads(bench));
  const calm = all.slice(-rounds);
  for (const way of lasting) {
    let round = 0;
    await measure(way, () => Promise.resolve(calm[round++ % rounds]!));
  }
  report({ name: `faults: ${room}, undisturbed, p50`, value: median(all.map(({ p50Ms }) => p50Ms)), unit: 'ms' });
  report({ name: `faults: ${room}, undisturbed, p99`, value: median(all.map(({ p99Ms }) => p99Ms)), unit: 'ms' });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function reads({ load, running, seconds }: Bench): Promise<StreamResult> {
  const requests = requestTexts(readRequests(running.token));
  const { streams } = await load.run({
    port: running.server.port,
    connections,
    seconds,
    streams: [{ name: 'reads', requests, perSecond: readsPerSecond }],
  });
  const [result] = streams;
  if (result === undefined) throw new Error('bench: no reads');
  return result;
}

/** Has the engine fail in a way while something runs. */
async function whileFailing<T>({ running: { server }, rootToken }: Bench, way: string, run: () => Promise<T>): Promise<T> {
  const connection = server.connect();
  const stop = new AbortController();
  const failing = (async () => {
    while (!stop.signal.aborted) {
      // A fault that lasts is broken off with its connection.
      await connection.send({ method: 'POST', path: `bad/do/${way}`, token: rootToken, body: {} }).catch(() => undefined);
      await delay(1000 / faultsPerSecond);
    }
  })();
  try {
    return await run();
  } finally {
    stop.abort();
    connection.close();
    await failing;
  }
}
