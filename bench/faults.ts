/**
 * What a failing engine costs other mounts: latency of KV reads, not cached, at a fixed modest rate, while an engine in each room fails in one
 * way again and again; against the same reads undisturbed, in turns, since the machine may be shared. What is given is the p99 of half a second,
 * in the median of all such: a fault is begun ten times in each, and what holds the machine up once in a while is in few of them.
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
import { Latencies } from './load/latencies.ts';

const hostile = fileURLToPath(new URL('../test/isolation/hostile/index.ts', import.meta.url));
const readsPerSecond = 500;
const connections = 16;
/** Faults that are begun in a second, if the one before has ended. */
const faultsPerSecond = 20;
const windowMs = 500;
/** Half of each is undisturbed. Short, so that what else the machine does falls into both halves alike. */
const turn = { turns: 30, calmMs: windowMs, failingMs: windowMs } as const;
/** Of a fault that lasts until its deadline: calm before it, and almost until then. */
const lastingTurn = { turns: 1, calmMs: 10_000, failingMs: 25_000 } as const;
/** After a fault, until the engine is as it was. */
const settleMs = 100;
const deadlineMs = 30_000;
/** Of no account: connections and code are new in it. */
const warmUpMs = 1000;
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
const lasting = ['never-answers', 'loops'];

/** Measures both rooms. */
export async function measureFaults(load: LoadGenerator, report: Report): Promise<void> {
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
      await measureRoom(room, { load, running, rootToken: first.server.rootToken }, report);
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
}

async function measureRoom(room: string, bench: Bench, report: Report): Promise<void> {
  const calm: number[] = [];
  for (const way of [...ways, ...lasting]) {
    const { usual, disturbed } = await inTurns(bench, way, lasting.includes(way) ? lastingTurn : turn);
    const p99 = median(disturbed);
    const ratio = p99 / median(usual);
    report({ name: `faults: ${room}, ${way}, p99`, value: p99, unit: 'ms', ratio, budget: { of: 'ratio', atMost: 2 } });
    calm.push(...usual);
  }
  report({ name: `faults: ${room}, undisturbed, p99`, value: median(calm), unit: 'ms' });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** The p99 of each half second while the engine fails in a way, and of those in between. */
async function inTurns(
  { load, running, rootToken }: Bench,
  way: string,
  { turns, calmMs, failingMs }: { readonly turns: number; readonly calmMs: number; readonly failingMs: number },
): Promise<{ readonly usual: readonly number[]; readonly disturbed: readonly number[] }> {
  const lasts = lasting.includes(way);
  const pauseMs = lasts ? deadlineMs - failingMs + 1000 : settleMs;
  const reading = load.run({
    port: running.server.port,
    connections,
    seconds: (warmUpMs + turns * (calmMs + failingMs + pauseMs)) / 1000,
    streams: [{ name: 'reads', requests: requestTexts(readRequests(running.token)), perSecond: readsPerSecond }],
    dueTimes: true,
  });
  const spans: { readonly from: number; readonly to: number; readonly failing: boolean }[] = [];
  const span = async (failing: boolean, run: () => Promise<void>): Promise<void> => {
    const from = Date.now();
    await run();
    spans.push({ from, to: Date.now(), failing });
  };
  await delay(warmUpMs);
  for (let at = 0; at < turns; at += 1) {
    await span(false, () => delay(calmMs));
    await span(true, () => keepFailing(running, rootToken, way, failingMs));
    await delay(pauseMs);
  }
  const { streams } = await reading;
  const reads = streams[0]?.each ?? [];
  const p99s = (failing: boolean): readonly number[] =>
    spans.flatMap((one) => (one.failing === failing ? windowsOf(one) : [])).map((from) => p99Within(reads, from));
  return { usual: p99s(false), disturbed: p99s(true) };
}

/** Beginnings of the whole windows in a span. */
function windowsOf({ from, to }: { readonly from: number; readonly to: number }): readonly number[] {
  return Array.from({ length: Math.max(1, Math.floor((to - from) / windowMs)) }, (_, index) => from + index * windowMs);
}

function p99Within(reads: readonly (readonly [due: number, ms: number])[], from: number): number {
  const latencies = new Latencies();
  for (const [due, ms] of reads) if (from <= due && due < from + windowMs) latencies.add(ms);
  return latencies.quantiles([0.99])[0]!;
}

/** Has the engine fail in a way for so long. */
async function keepFailing({ server }: BenchServer, rootToken: string, way: string, ms: number): Promise<void> {
  const connection = server.connect();
  const until = performance.now() + ms;
  const stopping = setTimeout(() => connection.close(), ms);
  while (performance.now() < until) {
    // A fault that lasts is broken off with its connection.
    await connection.send({ method: 'POST', path: `bad/do/${way}`, token: rootToken, body: {} }).catch(() => undefined);
    await delay(Math.min(1000 / faultsPerSecond, Math.max(0, until - performance.now())));
  }
  clearTimeout(stopping);
  connection.close();
}
