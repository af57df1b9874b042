/** What wrapping and unwrapping an answer costs. */
import { Connection } from '../test/harness/client.ts';
import { type BenchServer, connections, requestTexts } from './bench-server.ts';
import type { Report } from './figure.ts';
import type { LoadGenerator } from './load/generator.ts';
import { cpuMicroseconds } from './process-figures.ts';
import { appPath, keys } from './workload.ts';

const count = 20_000;

/** Reads secrets wrapped, then unwraps as many: both as the caller and by naming the token. */
export async function measureWrapping(load: LoadGenerator, { server, token }: BenchServer, report: Report): Promise<void> {
  const read = (index: number): Parameters<typeof requestTexts>[0][number] => ({
    method: 'GET',
    path: `secret/data/${appPath(index % keys)}`,
    token,
    headers: { 'X-Vault-Wrap-TTL': '1h' },
  });
  const run = async (name: string, requests: readonly string[]): Promise<void> => {
    const before = cpuMicroseconds(server.pid);
    const { seconds, streams } = await load.run({
      port: server.port,
      connections,
      seconds: 600,
      requestsMax: count,
      streams: [{ name, requests }],
    });
    report({ name, value: (cpuMicroseconds(server.pid) - before) / count, unit: 'us CPU a request' });
    report({ name: `${name}: requests`, value: count / seconds, unit: 'a second' });
    report({ name: `${name}: p99`, value: streams[0]!.p99Ms, unit: 'ms' });
  };
  await run('wrap a KV read', requestTexts(Array.from({ length: keys }, (_, index) => read(index))));
  const own = await wrapped(server.port, read);
  await run(
    'unwrap as the caller',
    requestTexts(own.map((wrapping) => ({ method: 'POST', path: 'sys/wrapping/unwrap', token: wrapping }))),
  );
  const named = await wrapped(server.port, read);
  // Of the token's policies only `default` lets it unwrap.
  await run(
    'unwrap by naming the token',
    requestTexts(named.map((wrapping) => ({ method: 'POST', path: 'sys/wrapping/unwrap', token, body: { token: wrapping } }))),
  );
}

/** Wrapping tokens, each of an answer of its own. */
async function wrapped(port: number, read: (index: number) => Parameters<Connection['send']>[0]): Promise<readonly string[]> {
  const tokens: string[] = [];
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(port);
      while (tokens.length < count) tokens.push((await connection.send(read(tokens.length))).json.wrap_info.token as string);
      connection.close();
    }),
  );
  return tokens.slice(0, count);
}
