/** A server in this process, without HTTP: for histories of many requests. */
import { pino } from 'pino';
import type { AuditSink } from '@strongroom/sdk-plugin';
import { serveRequest } from '../../core/request/pipeline.ts';
import { readCatalog } from '../../core/runner/catalog.ts';
import { roomLimits } from '../../core/runner/thread-room.ts';
import { Server } from '../../core/system/server.ts';
import type { ServerOptions } from '../../core/system/server-options.ts';
import { memoryDirectory } from '../../core/system/store-directory.ts';
import { KeySeal } from '../../core/barrier/seal.ts';

/** A sink that keeps its lines. */
export class KeptLines implements AuditSink {
  readonly lines: string[] = [];
  append(lines: Uint8Array): Promise<void> | void {
    this.lines.push(
      ...Buffer.from(lines)
        .toString()
        .split('\n')
        .filter((line) => line !== ''),
    );
  }
  sync(): Promise<void> {
    return Promise.resolve();
  }
  lastLine(accept: (line: string) => boolean = () => true): Promise<string | undefined> {
    return Promise.resolve(this.lines.findLast((line) => accept(line)));
  }
  reopen(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** An answer. */
export interface HostAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

/** An initialized, unsealed server and its root token. */
export interface TestHost {
  readonly server: Server;
  readonly sink: KeptLines;
  readonly rootToken: string;
  send(method: string, path: string, body?: unknown, token?: string, headers?: Readonly<Record<string, string>>): Promise<HostAnswer>;
}

/** Options of a server for tests. */
export function testOptions(sink: AuditSink, changes: Partial<ServerOptions> = {}): ServerOptions {
  return {
    directory: memoryDirectory(),
    seals: [new KeySeal('static', 'test', Buffer.alloc(32, 7))],
    sinkNames: [{ name: 'kept', type: 'kept' }],
    openSinks: () => Promise.resolve([{ name: 'kept', required: true, sink }]),
    catalog: readCatalog(),
    declared: {
      mounts: [{ path: 'secret/', type: 'kv', description: '', options: { version: '2' }, config: {} }],
      auth: [{ path: 'userpass/', type: 'userpass', description: '', options: null, config: {} }],
      policies: [],
    },
    limits: { bodyBytesMax: 33_554_432, jsonTokensMax: 250_000, jsonDepthMax: 256, pathBytesMax: 4096 },
    rooms: roomLimits,
    rate: { perSecond: 0, burst: 0 },
    ttl: { defaultTtl: 768 * 3600, maxTtl: 768 * 3600 },
    cors: undefined,
    cacheBytes: 16_777_216,
    clusterName: 'test',
    apiVersion: '1.15.6',
    version: 'test',
    configState: {},
    openMetrics: false,
    unauthenticated: { rekey: false, generateRoot: false },
    log: pino({ level: 'silent' }),
    wallClock: () => Date.now(),
    acceptRollback: false,
    ...changes,
  };
}

/** Sends requests to a server in this process. @param rootToken used unless a request brings another */
export function hostSender(server: Server, rootToken: string): TestHost['send'] {
  return async (method, path, body, token = rootToken, headers = {}) => {
    const payload = body === undefined ? Buffer.alloc(0) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const answer = await serveRequest(server, {
      method,
      target: path.startsWith('/') ? path : `/v1/${path}`,
      headers: { 'x-vault-token': token, ...(method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {}), ...headers },
      remoteAddress: '127.0.0.1',
      remotePort: 1,
      secure: false,
      length: payload.length,
      readBody: () => Promise.resolve(payload),
      streamBody: async function* () {
        yield payload;
      },
    });
    const text = answer.body === undefined ? '' : Buffer.from(answer.body).toString();
    answer.sent?.();
    const sentHeaders = { 'content-type': answer.contentType, ...answer.headers };
    return { status: answer.status, text, headers: sentHeaders, json: text.startsWith('{') ? (JSON.parse(text) as unknown) : null };
  };
}

/** Starts one. */
export async function startHost(changes: Partial<ServerOptions> = {}): Promise<TestHost> {
  const sink = new KeptLines();
  const server = new Server(testOptions(sink, changes));
  const { rootToken } = await server.initialize({ shares: 1, threshold: 1 });
  server.confirm();
  return { server, sink, rootToken, send: hostSender(server, rootToken) };
}
