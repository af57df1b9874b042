/** Backup of a store that is read and written meanwhile: its rate, and what the other requests notice; restoring it, and the restart after it. */
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TestServer } from '../test/harness/server.ts';
import { benchDirectory, type BenchServer, connections, remove, requestTexts, startNew } from './bench-server.ts';
import type { Report } from './figure.ts';
import type { LoadGenerator } from './load/generator.ts';
import { residentBytes } from './process-figures.ts';
import { fiveFields, manyPath, policies } from './workload.ts';

const readsPerSecond = 2000;
const writesPerSecond = 200;
const loadKeys = 10_000;
const calmSeconds = 5;

/** Measures on a store of its own. @param entries a secret of two versions has two */
export async function measureBackups(load: LoadGenerator, entries: number, report: Report): Promise<void> {
  const secrets = Math.max(1, Math.floor(entries / 2));
  let { server, token } = await startNew(benchDirectory());
  const { rootToken } = server;
  await server.kill('SIGTERM');
  const builder = fileURLToPath(new URL('store/build-secrets.ts', import.meta.url));
  await promisify(execFile)(process.execPath, ['--conditions=source', builder, server.directory, String(secrets), '2']);
  server = await TestServer.start({ directory: server.directory, config: { policies: policies() } });
  server.rootToken = rootToken;
  const label = `${entries.toLocaleString('en')} entries`;
  try {
    const file = join(server.directory, 'bench.snap');
    await measureBackup(load, { server, token }, { secrets, label, file }, report);
    await measureRestore(server, { label, file }, report);
    await server.kill('SIGTERM');
    const start = performance.now();
    await server.restart();
    report({ name: `${label}: restart after the restore`, value: (performance.now() - start) / 1000, unit: 's' });
  } finally {
    await remove({ server, token });
  }
}

interface Store {
  readonly secrets: number;
  readonly label: string;
  readonly file: string;
}

async function measureBackup(
  load: LoadGenerator,
  { server, token }: BenchServer,
  { secrets, label, file }: Store,
  report: Report,
): Promise<void> {
  const path = (index: number): string => `secret/data/${manyPath((index * 7) % secrets)}`;
  const reads = requestTexts(Array.from({ length: loadKeys }, (_, index) => ({ method: 'GET', path: path(index), token })));
  const writes = requestTexts(
    Array.from({ length: loadKeys }, (_, index) => ({ method: 'POST', path: path(index), token, body: { data: fiveFields(index) } })),
  );
  const job = (seconds: number): Parameters<LoadGenerator['run']>[0] => ({
    port: server.port,
    connections,
    seconds,
    streams: [
      { name: 'reads', requests: reads, perSecond: readsPerSecond },
      { name: 'writes', requests: writes, perSecond: writesPerSecond },
    ],
  });
  const calm = await load.run(job(calmSeconds));
  const alone = await timed(() => backup(server, file));
  const bytes = statSync(file).size;
  // As long as it takes: the load is on from before the first byte to after the last.
  const loaded = load.run(job(Math.ceil(alone * 3) + 1));
  const during = await timed(() => backup(server, file));
  const { streams } = await loaded;
  report({ name: `${label}: backup`, value: bytes / 1e6, unit: 'MB' });
  report({ name: `${label}: backup of an idle server`, value: bytes / 1e6 / alone, unit: 'MB/s' });
  report({ name: `${label}: backup at 2,000 reads/s and 200 writes/s`, value: bytes / 1e6 / during, unit: 'MB/s' });
  for (const [index, name] of ['reads', 'writes'].entries()) {
    report({ name: `${label}: ${name}, p99 before`, value: calm.streams[index]!.p99Ms, unit: 'ms' });
    report({ name: `${label}: ${name}, p99 during and after`, value: streams[index]!.p99Ms, unit: 'ms' });
  }
  report({ name: `${label}: memory after it`, value: residentBytes(server.pid) / 1e6, unit: 'MB' });
}

async function measureRestore(server: TestServer, { label, file }: Pick<Store, 'label' | 'file'>, report: Report): Promise<void> {
  const seconds = await timed(async () => {
    const sent = request({ port: server.port, method: 'POST', path: '/v1/sys/storage/raft/snapshot-force', headers: headersOf(server) });
    const response = answered(sent);
    await pipeline(createReadStream(file), sent);
    const { statusCode = 0 } = (await response).resume();
    if (statusCode >= 300) throw new Error(`bench: the restore was answered ${statusCode}`);
  });
  report({ name: `${label}: restore`, value: statSync(file).size / 1e6 / seconds, unit: 'MB/s' });
}

async function backup(server: TestServer, file: string): Promise<void> {
  const sent = request({ port: server.port, path: '/v1/sys/storage/raft/snapshot', headers: headersOf(server) });
  const response = answered(sent);
  sent.end();
  const { statusCode } = await response;
  if (statusCode !== 200) throw new Error(`bench: the backup was answered ${statusCode ?? 0}`);
  await pipeline(await response, createWriteStream(file));
}

function headersOf({ rootToken }: TestServer): Readonly<Record<string, string>> {
  return { 'X-Vault-Token': rootToken };
}

function answered(sent: ReturnType<typeof request>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => sent.once('response', resolve).once('error', reject));
}

async function timed(action: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}
