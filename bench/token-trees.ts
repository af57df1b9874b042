/** Revoking a tree of many tokens: how long until it is refused and until it is gone, and what readers notice meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchServer, connections, readRequests, requestTexts } from './bench-server.ts';
import type { Report } from './figure.ts';
import type { LoadGenerator } from './load/generator.ts';
import type { LoadResult } from './load/job.ts';
import { policies } from './workload.ts';

const branches = 100;
const readsPerSecond = 2000;
/** A page of accessors that is shorter holds only those of the benchmark itself. */
const left = 50;
const pollMs = 100;

/** How many tokens the tree has, and how long reads are measured before and meanwhile. */
export interface TreeSize {
  readonly tokens: number;
  readonly seconds: number;
}

/** Makes a trunk with a hundred branches and the rest below them, and revokes the trunk. */
export async function measureTrees(
  load: LoadGenerator,
  { server, token }: BenchServer,
  { tokens, seconds }: TreeSize,
  report: Report,
): Promise<void> {
  const create = async (by: string): Promise<string> => {
    const { json, text } = await server.send({ method: 'POST', path: 'auth/token/create', token: by, body: { ttl: '24h' } });
    const made = json as { readonly auth?: { readonly client_token: string } };
    if (made.auth === undefined) throw new Error(`bench: no token was made: ${text}`);
    return made.auth.client_token;
  };
  const trunk = await create(token);
  const by = [];
  for (let made = 0; made < branches; made++) by.push(await create(trunk));
  const body = { policies: [policies()[0]!.name], ttl: '24h' };
  const requests = requestTexts(by.map((branch) => ({ method: 'POST', path: 'auth/token/create', token: branch, body })));
  const requestsMax = tokens - branches - 1;
  await load.run({ port: server.port, connections, seconds: 600, requestsMax, streams: [{ name: 'tokens', requests }] });
  const label = `tree of ${tokens.toLocaleString('en')} tokens`;
  const streams = [{ name: 'reads', requests: requestTexts(readRequests(token)), perSecond: readsPerSecond }];
  const reads = (): Promise<LoadResult> => load.run({ port: server.port, connections, seconds, streams });
  await reads();
  const before = (await reads()).streams[0]!;
  const during = reads();
  await delay(seconds * 100);
  const begin = performance.now();
  const revoked = await server.send({ method: 'POST', path: 'auth/token/revoke', body: { token: trunk } });
  if (revoked.status !== 204) throw new Error(`bench: no revocation: ${revoked.text}`);
  report({ name: `${label}: the revocation is answered, and all are refused`, value: performance.now() - begin, unit: 'ms' });
  const last = await server.send({ method: 'GET', path: 'auth/token/lookup-self', token: by.at(-1) });
  if (last.status !== 403) throw new Error('bench: a token of the tree is still valid');
  await gone(server);
  report({ name: `${label}: nothing of it is left`, value: (performance.now() - begin) / 1000, unit: 's' });
  const { p50Ms, p99Ms, worstMs } = (await during).streams[0]!;
  report({ name: `${label}: 2,000 reads/s before, p99`, value: before.p99Ms, unit: 'ms' });
  report({ name: `${label}: 2,000 reads/s meanwhile, p50`, value: p50Ms, unit: 'ms' });
  report({ name: `${label}: 2,000 reads/s meanwhile, p99`, value: p99Ms, unit: 'ms' });
  report({ name: `${label}: 2,000 reads/s meanwhile, worst`, value: worstMs, unit: 'ms' });
}

async function gone(server: BenchServer['server']): Promise<void> {
  for (;;) {
    const { json } = await server.send({ method: 'LIST', path: `auth/token/accessors?limit=${left}` });
    if ((json as { readonly data: { readonly keys: readonly string[] } }).data.keys.length < left) return;
    await delay(pollMs);
  }
}
