/** Opens what a crash left, in this process, and compares it with what the client was told. */
import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import { openStaticSeal } from '../../core/barrier/static-seal.ts';
import { readCatalog } from '../../core/runner/catalog.ts';
import { openSinks } from '../../core/system/open-sinks.ts';
import { Server } from '../../core/system/server.ts';
import type { ServerOptions } from '../../core/system/server-options.ts';
import { openDirectory } from '../../core/system/store-directory.ts';
import { hostSender, KeptLines, testOptions } from '../harness/host.ts';
import type { Lane } from './script.ts';

/** What a client knows of a lane when its connection ends. */
export interface LaneProgress {
  readonly lane: Lane;
  /** Operations whose answers have come. */
  readonly acknowledged: number;
}

/** A server opened on a directory: `data/`, `seal.key`, `audit.log`. Initialized or not. @param changes of the tests' options */
export async function openOn(directory: string, changes: Partial<ServerOptions> & { readonly auditPath?: string } = {}): Promise<Server> {
  const catalog = readCatalog();
  const path = changes.auditPath ?? join(directory, 'audit.log');
  const server = new Server(
    testOptions(new KeptLines(), {
      directory: openDirectory({
        directory: join(directory, 'data'),
        compactAtBytes: 67_108_864,
        onFatal: (error) => {
          throw error;
        },
      }),
      seals: [openStaticSeal({ file: join(directory, 'seal.key'), create: true }, 'static-1', {})],
      catalog,
      openSinks: () => openSinks(catalog, [{ name: 'file', type: 'file', required: true, options: { path } }]),
      ...changes,
    }),
  );
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Lines in the audit, by what they are and of which path. @param changes only those that may change something */
function auditCounts(directory: string, changes: boolean): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const path = join(directory, 'audit.log');
  for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
    const match = /"type":"(request|response)".*"operation":"(\w+)".*?"path":"([^"]+)"/.exec(line);
    if (match === null || !line.endsWith('}') || (changes && /^(read|list)$/.test(match[2] ?? ''))) continue;
    const name = `${match[1]} ${match[3]}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function tally(lane: Lane, steps: number, changes: boolean): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { request } of lane.steps.slice(0, steps)) {
    if (changes && request.method === 'GET') continue;
    counts.set(request.path, (counts.get(request.path) ?? 0) + 1);
  }
  return counts;
}

/** Everything that is wrong with a directory after a crash; empty when nothing is. @param powerCut audit lines of mere reads may be lost */
export async function faultsOf(
  directory: string,
  rootToken: string,
  progress: readonly LaneProgress[],
  powerCut: boolean,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const counts = auditCounts(directory, powerCut);
  let server: Server;
  try {
    server = await openOn(directory);
  } catch (error) {
    return [`does not open: ${inspect(error)}`];
  }
  const publicKey = createPublicKey(server.unsealed?.auditPublicKey ?? '');
  try {
    const send = hostSender(server, rootToken);
    for (const { lane, acknowledged } of progress) {
      const found = JSON.stringify(await lane.look((method, path, body) => send(method, path, body)));
      const state = (steps: number): string => JSON.stringify(steps === 0 ? lane.before : lane.steps[steps - 1]?.after);
      const last = Math.min(acknowledged + 1, lane.steps.length);
      const reached = found === state(acknowledged) ? acknowledged : found === state(last) ? last : undefined;
      if (reached === undefined)
        faults.push(`${lane.name} after ${acknowledged}: found ${found.slice(0, 400)}, not ${state(acknowledged).slice(0, 400)}`);
      for (const [path, number] of tally(lane, reached ?? acknowledged, powerCut))
        if ((counts.get(`request ${path}`) ?? 0) < number) faults.push(`${lane.name}: ${path}: a change without its request in the audit`);
      for (const [path, number] of tally(lane, acknowledged, powerCut))
        if ((counts.get(`response ${path}`) ?? 0) < number) faults.push(`${lane.name}: ${path}: an answer without its line in the audit`);
    }
    const write = await send('POST', 'secret/data/after-the-crash', { data: { v: 1 } });
    if (write.status !== 200) faults.push(`a write after the crash is answered ${write.status}`);
  } finally {
    await server.stop();
  }
  const report = await verifyAuditFiles([join(directory, 'audit.log')], { publicKey });
  if (!report.ok) faults.push(`audit: line ${report.line}: ${report.what}`);
  return faults;
}
