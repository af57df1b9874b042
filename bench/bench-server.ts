/** A Strongroom server as the benchmarks measure it: file audit and log on the disk that holds the repo, default sync mode, a token that is not root. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requestBytes, type RawRequest } from '../test/harness/client.ts';
import { TestServer } from '../test/harness/server.ts';
import type { LoadGenerator } from './load/generator.ts';
import { appPath, fiveFields, keys, policies } from './workload.ts';

/** Connections of the load. */
export const connections = 64;

const root = fileURLToPath(new URL('../.strongroom/bench/', import.meta.url));

/** Gives a directory on the disk of the repo: temporary system directories may lie in memory. @param name of one that is to be kept */
export function benchDirectory(name?: string): string {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (name === undefined) return mkdtempSync(join(root, 'run-'));
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** A started server and its token. */
export interface BenchServer {
  readonly server: TestServer;
  /** Has five policies of twenty rules. */
  readonly token: string;
}

/** Starts a server on a new directory, and makes the token. */
export async function startNew(directory: string): Promise<BenchServer> {
  const server = await TestServer.start({ directory, config: { policies: policies() } });
  const answer = await server.send({ method: 'POST', path: 'auth/token/create', body: { policies: policies().map(({ name }) => name) } });
  const created = answer.json as { readonly auth?: { readonly client_token: string } };
  if (created.auth === undefined) throw new Error(`bench: no token was made: ${answer.text}`);
  return { server, token: created.auth.client_token };
}

/** Ends a server and starts another on its directory with a changed config. */
export async function startAgain({ server, token }: BenchServer, config: Readonly<Record<string, unknown>>): Promise<BenchServer> {
  await server.kill('SIGTERM');
  return { server: await TestServer.start({ directory: server.directory, config: { policies: policies(), ...config } }), token };
}

/** Ends a server and removes its directory. */
export async function remove({ server }: BenchServer): Promise<void> {
  await server.kill();
  rmSync(server.directory, { recursive: true, force: true });
}

/** The bytes of requests, as a job carries them. */
export function requestTexts(requests: readonly RawRequest[]): readonly string[] {
  return requests.map((request) => requestBytes(request).toString('latin1'));
}

/** Reads of the usual data set. */
export function readRequests(token: string): readonly RawRequest[] {
  return Array.from({ length: keys }, (_, index) => ({ method: 'GET', path: `secret/data/${appPath(index)}`, token }));
}

/** Writes of the usual data set. */
export function writeRequests(token: string): readonly RawRequest[] {
  return Array.from({ length: keys }, (_, index) => ({
    method: 'POST',
    path: `secret/data/${appPath(index)}`,
    token,
    body: { data: fiveFields(index) },
  }));
}

/** Writes every key of the usual data set once. */
export async function fill({ server, token }: BenchServer, load: LoadGenerator): Promise<void> {
  const requests = requestTexts(writeRequests(token));
  await load.run({ port: server.port, connections, seconds: 600, requestsMax: keys, streams: [{ name: 'fill', requests }] });
}
