/** A store of a million secrets of ten versions: restart, memory, a listing by pages, and compaction while serving. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TestServer } from '../test/harness/server.ts';
import { benchDirectory, type BenchServer, connections, requestTexts, startNew } from './bench-server.ts';
import type { Report } from './figure.ts';
import { Latencies } from './load/latencies.ts';
import type { LoadGenerator } from './load/generator.ts';
import { directoryBytes, residentBytes } from './process-figures.ts';
import { manyPath, policies } from './workload.ts';

/** How large the store is, and whether it stays for the next run: building takes minutes. */
export interface LargeStore {
  readonly secrets: number;
  readonly versions: number;
  readonly keep: boolean;
}

const pageNames = 1000;
const readsPerSecond = 2000;
const readSeconds = 10;
const readKeys = 10_000;
const restarts = 3;

/** Builds the store unless it was kept, measures on it, and removes it unless it is to be kept. */
export async function measureLargeStore(load: LoadGenerator, size: LargeStore, report: Report): Promise<void> {
  const directory = benchDirectory(`large-${size.secrets}x${size.versions}`);
  const tokenFile = join(directory, 'bench-token');
  if (!existsSync(tokenFile)) await build(directory, tokenFile, size, report);
  const token = readFileSync(tokenFile, 'utf8');
  const label = `${size.secrets.toLocaleString('en')} secrets of ${size.versions} versions`;
  report({ name: `${label}: disk`, value: directoryBytes(join(directory, 'data')) / 1e9, unit: 'GB' });
  const server = await measureRestart(directory, label, report);
  try {
    await measureListing({ server, token }, size.secrets, report);
    await measureCompaction(load, { server, token }, label, report);
    if (size.keep) await compactionEnded({ server, token });
  } finally {
    await server.kill();
    if (!size.keep) rmSync(directory, { recursive: true });
  }
}

async function build(directory: string, tokenFile: string, { secrets, versions }: LargeStore, report: Report): Promise<void> {
  const { server, token } = await startNew(directory);
  await server.kill('SIGTERM');
  const builder = fileURLToPath(new URL('store/build-secrets.ts', import.meta.url));
  const args = ['--conditions=source', builder, directory, String(secrets), String(versions)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { seconds } = JSON.parse(stdout) as { readonly seconds: number };
  report({ name: 'building the large store, without HTTP', value: seconds, unit: 's' });
  writeFileSync(tokenFile, token, { mode: 0o600 });
}

/** Time from the start of the process until it is unsealed and listens. */
async function measureRestart(directory: string, label: string, report: Report): Promise<TestServer> {
  let best = Number.POSITIVE_INFINITY;
  let server: TestServer | undefined;
  for (let round = 0; round < restarts; round++) {
    await server?.kill('SIGTERM');
    const start = performance.now();
    server = await TestServer.start({ directory, config: { policies: policies() } });
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  if (server === undefined) throw new Error('bench: at least one restart is needed');
  report({ name: `${label}: start to unsealed`, value: best, unit: 's', budget: { of: 'value', atMost: 5 } });
  report({ name: `${label}: memory after it`, value: residentBytes(server.pid) / 1e6, unit: 'MB', budget: { of: 'value', atMost: 2500 } });
  return server;
}

/** All names of a directory, a page at a time. */
async function measureListing({ server, token }: BenchServer, names: number, report: Report): Promise<void> {
  const latencies = new Latencies();
  const begin = performance.now();
  let after = '';
  let found = 0;
  for (;;) {
    const start = performance.now();
    const answer = await server.send({ method: 'LIST', path: `secret/metadata/many/?after=${after}&limit=${pageNames}`, token });
    const page = (answer.json as { readonly data?: { readonly keys: readonly string[] } }).data?.keys ?? [];
    latencies.add(performance.now() - start);
    found += page.length;
    after = page.at(-1) ?? '';
    if (page.length < pageNames) break;
  }
  if (found !== names) throw new Error(`bench: the pages hold ${found} names, not ${names}`);
  const [p50 = 0, p99 = 0] = latencies.quantiles([0.5, 0.99]);
  const label = `LIST of ${names.toLocaleString('en')} names by pages of 1,000`;
  report({ name: `${label}: all pages`, value: (performance.now() - begin) / 1000, unit: 's' });
  report({ name: `${label}: p50`, value: p50, unit: 'ms a page' });
  report({ name: `${label}: p99`, value: p99, unit: 'ms a page' });
  report({ name: `${label}: memory after it`, value: residentBytes(server.pid) / 1e6, unit: 'MB' });
}

/** Reads before and during the compaction that a rotation of all keys starts. */
async function measureCompaction(load: LoadGenerator, { server, token }: BenchServer, label: string, report: Report): Promise<void> {
  const requests = requestTexts(
    Array.from({ length: readKeys }, (_, index) => ({ method: 'GET', path: `secret/data/${manyPath(index * 7)}`, token })),
  );
  const job = { port: server.port, connections, seconds: readSeconds, streams: [{ name: 'reads', requests, perSecond: readsPerSecond }] };
  await load.run(job);
  const before = (await load.run(job)).streams[0]!;
  report({ name: `${label}: 2,000 reads/s, p99`, value: before.p99Ms, unit: 'ms' });
  const rotated = await server.send({ method: 'POST', path: 'sys/rotate', token });
  if (rotated.status >= 300) throw new Error(`bench: no rotation: ${rotated.status} ${rotated.text}`);
  const during = (await load.run(job)).streams[0]!;
  const status = await server.send({ method: 'GET', path: 'sys/key-status', token });
  const { rewrap } = status.json as { readonly rewrap?: { readonly state: string } };
  const name = `${label}: 2,000 reads/s during compaction${rewrap?.state === 'running' ? '' : ' (it ended meanwhile)'}`;
  report({ name: `${name}, p50`, value: during.p50Ms, unit: 'ms' });
  report({ name: `${name}, p99`, value: during.p99Ms, unit: 'ms' });
  report({ name: `${name}, worst`, value: during.worstMs, unit: 'ms' });
}

/** Waits for the end of the re-wrapping, so that the next run finds a store at rest. */
async function compactionEnded({ server, token }: BenchServer): Promise<void> {
  for (;;) {
    const status = await server.send({ method: 'GET', path: 'sys/key-status', token });
    const { rewrap } = status.json as { readonly rewrap?: { readonly state: string } };
    if (rewrap?.state !== 'running') return;
    await delay(1000);
  }
}
