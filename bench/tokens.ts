/** What each token costs: time, disk and memory. */
import { type BenchServer, connections, requestTexts } from './bench-server.ts';
import type { Report } from './figure.ts';
import type { LoadGenerator } from './load/generator.ts';
import { directoryBytes, residentBytes } from './process-figures.ts';
import { policies } from './workload.ts';
import { join } from 'node:path';

const tokens = 50_000;
/** The peer to beat. */
const memoryBytesMax = 16_384;

/** Makes many tokens on a server that has run a while, so that its heap has grown to its usual size already. */
export async function measureTokens(load: LoadGenerator, { server, token }: BenchServer, report: Report): Promise<void> {
  const data = join(server.directory, 'data');
  const body = { policies: policies().map(({ name }) => name), ttl: '24h', meta: { service: 'billing' } };
  const requests = requestTexts([{ method: 'POST', path: 'auth/token/create', token, body }]);
  const memory = residentBytes(server.pid);
  const disk = directoryBytes(data);
  const { seconds } = await load.run({
    port: server.port,
    connections,
    seconds: 600,
    requestsMax: tokens,
    streams: [{ name: 'tokens', requests }],
  });
  report({ name: 'token: time, 64 at once', value: (seconds / tokens) * 1e6, unit: 'us' });
  report({ name: 'token: disk, log and index', value: (directoryBytes(data) - disk) / tokens, unit: 'bytes' });
  report({
    name: 'token: memory',
    value: (residentBytes(server.pid) - memory) / tokens,
    unit: 'bytes',
    budget: { of: 'value', atMost: memoryBytesMax },
  });
}
