/** CPU of one request on the paths that clients use most, against a bare server that gives the same bytes. */
import type { RawRequest } from '../test/harness/client.ts';
import { type BenchServer, connections, readRequests, requestTexts, startAgain, writeRequests } from './bench-server.ts';
import type { Report } from './figure.ts';
import type { BareServer } from './load/bare-server.ts';
import type { LoadGenerator } from './load/generator.ts';
import { cpuMicroseconds } from './process-figures.ts';

/** What measuring takes. */
export interface PathBench {
  readonly load: LoadGenerator;
  readonly bare: BareServer;
  readonly report: Report;
  /** Length of one run, and how many runs the best is taken of. */
  readonly seconds: number;
  readonly rounds: number;
}

/** A path to measure. */
export interface PathCase {
  readonly name: string;
  requests(token: string): readonly RawRequest[];
  /** The method that the bare server gets, where its parser does not know the real one. */
  readonly bareMethod?: string;
  /** Times the CPU of the bare server. */
  readonly budget?: number;
}

/** A read that the cache answers (when the server has one). */
export const cachedRead: PathCase = { name: 'KV read, cached', requests: readRequests, budget: 2.5 };
/** A read on a server without a cache. */
export const uncachedRead: PathCase = { name: 'KV read, not cached', requests: readRequests, budget: 5 };
/** A write, 64 at once. */
export const write: PathCase = { name: 'KV write, 64 at once', requests: writeRequests, budget: 7 };

const others: readonly PathCase[] = [
  write,
  {
    name: 'token create',
    requests: (token) => [{ method: 'POST', path: 'auth/token/create', token, body: { policies: ['bench-0', 'bench-1'], ttl: '1h' } }],
    budget: 8,
  },
  {
    name: 'batch token create',
    requests: (token) => [
      { method: 'POST', path: 'auth/token/create', token, body: { policies: ['bench-0', 'bench-1'], ttl: '1h', type: 'batch' } },
    ],
  },
  {
    name: 'LIST of 10 names',
    requests: (token) => [{ method: 'LIST', path: 'secret/metadata/', token }],
    bareMethod: 'GET',
  },
  {
    name: 'LIST of 1,000 names',
    requests: (token) => [{ method: 'LIST', path: 'secret/metadata/team-3/app/', token }],
    bareMethod: 'GET',
  },
  { name: 'health', requests: () => [{ method: 'GET', path: 'sys/health' }] },
];

/** Measures all paths on a filled server, and ends it. Gives the server that runs then. */
export async function measurePaths(bench: PathBench, filled: BenchServer): Promise<BenchServer> {
  await measure(bench, filled, cachedRead);
  for (const other of others) await measure(bench, filled, other);
  await measure(
    bench,
    { ...filled, token: await batchToken(filled) },
    { name: 'KV read, cached, by a batch token', requests: readRequests },
  );
  await measureWriteAlone(bench, filled);
  const uncached = await startAgain(filled, { cache: { plaintext: false } });
  await measure(bench, uncached, uncachedRead);
  return uncached;
}

/** A batch token with the rights of the one that makes it. */
async function batchToken({ server, token }: BenchServer): Promise<string> {
  const { json, text } = await server.send({ method: 'POST', path: 'auth/token/create', token, body: { type: 'batch', ttl: '1h' } });
  const made = json as { readonly auth?: { readonly client_token: string } };
  if (made.auth === undefined) throw new Error(`bench: no batch token was made: ${text}`);
  return made.auth.client_token;
}

/** Measures an uncached read of the same mount in each room. Gives the server that runs then. */
export async function measureRoomsOverHttp(
  { load, report }: Pick<PathBench, 'load' | 'report'>,
  filled: BenchServer,
): Promise<BenchServer> {
  let running = filled;
  for (const isolation of ['thread', 'component']) {
    const mounts = [{ path: 'secret/', type: 'kv', options: { version: 2 }, isolation }];
    running = await startAgain(running, { cache: { plaintext: false }, mounts });
    const stream = { name: isolation, requests: requestTexts(readRequests(running.token)) };
    // Until all of it is compiled, which takes some 50,000 requests.
    await run(load, running.server, stream, 10);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 10; round++) best = Math.min(best, (await run(load, running.server, stream, 2)).cpuUs);
    const goal = isolation === 'component' ? { budget: { of: 'value', atMost: 100 } as const } : {};
    report({ name: `rooms: whole request, KV read in a ${isolation}, not cached`, value: best, unit: 'us CPU', ...goal });
  }
  return running;
}

/** Measures one path: the best run of the server against the best of the bare one. Gives the ratio. */
export async function measure(bench: PathBench, { server, token }: BenchServer, path: PathCase): Promise<number> {
  const { load, bare, report, seconds, rounds } = bench;
  const requests = path.requests(token);
  const sample = await server.send({ ...requests[0]!, token: requests[0]!.token });
  const own = new Set(['date', 'connection', 'keep-alive']);
  await bare.answer({
    status: sample.status,
    headers: Object.entries(sample.headers).filter(([name]) => !own.has(name)),
    body: Buffer.from(sample.text).toString('latin1'),
  });
  const job = { name: path.name, requests: requestTexts(requests) };
  const { bareMethod } = path;
  const bareJob =
    bareMethod === undefined
      ? job
      : { name: 'bare', requests: requestTexts(requests.map((request) => ({ ...request, method: bareMethod }))) };
  let best: Run | undefined;
  let bareBest = Number.POSITIVE_INFINITY;
  await run(load, server, job, Math.max(1, seconds / 2));
  await run(load, bare, bareJob, 0.5);
  for (let round = 0; round < rounds; round++) {
    const next = await run(load, server, job, seconds);
    if (best === undefined || next.cpuUs < best.cpuUs) best = next;
    bareBest = Math.min(bareBest, (await run(load, bare, bareJob, seconds / 2)).cpuUs);
  }
  if (best === undefined) throw new Error('bench: at least one round is needed');
  const ratio = best.cpuUs / bareBest;
  report({
    name: path.name,
    value: best.cpuUs,
    unit: 'us CPU a request',
    ratio,
    ...(path.budget === undefined ? {} : { budget: { of: 'ratio', atMost: path.budget } }),
  });
  report({ name: `${path.name}: requests`, value: best.perSecond, unit: 'a second' });
  report({ name: `${path.name}: p50`, value: best.p50Ms, unit: 'ms' });
  report({ name: `${path.name}: p99`, value: best.p99Ms, unit: 'ms' });
  return ratio;
}

interface Run {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function run(
  load: LoadGenerator,
  { port, pid }: { readonly port: number; readonly pid: number },
  stream: { readonly name: string; readonly requests: readonly string[] },
  seconds: number,
): Promise<Run> {
  const before = cpuMicroseconds(pid);
  const result = await load.run({ port, connections, seconds, streams: [stream] });
  const used = cpuMicroseconds(pid) - before;
  const { requests, p50Ms, p99Ms } = result.streams[0]!;
  return { cpuUs: used / requests, perSecond: requests / result.seconds, p50Ms, p99Ms };
}

/** Writes one after another: what a single client waits. */
async function measureWriteAlone({ load, report, seconds, rounds }: PathBench, { server, token }: BenchServer): Promise<void> {
  const stream = { name: 'write alone', requests: requestTexts(writeRequests(token)) };
  let best = { p50Ms: Number.POSITIVE_INFINITY, p99Ms: 0 };
  for (let round = 0; round < rounds; round++) {
    const { streams } = await load.run({ port: server.port, connections: 1, seconds, streams: [stream] });
    if (streams[0]!.p50Ms < best.p50Ms) best = streams[0]!;
  }
  report({ name: 'KV write, alone: p50', value: best.p50Ms, unit: 'ms', budget: { of: 'value', atMost: 0.5 } });
  report({ name: 'KV write, alone: p99', value: best.p99Ms, unit: 'ms' });
}
