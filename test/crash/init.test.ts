/**
 * A server is killed, or loses its power, at any instant of `sys/init`. Invariant: afterwards it is either initialized with the keys that
 * were answered, or can be initialized again; once the answered keys have unsealed it, the former.
 */
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/storage/log/simulated-disk.ts';
import { Server } from '../../core/system/server.ts';
import { openDirectory } from '../../core/system/store-directory.ts';
import { hostSender, KeptLines, testOptions } from '../harness/host.ts';
import { ramDirectory } from '../harness/ram-directory.ts';
import { scale, seed } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';
import { DiskImage, type Ending } from './disk-image.ts';
import { compileShim, shimEnvironment } from './shim.ts';
import { answersBefore, readTrace, type TraceEvent } from './trace.ts';

const library = compileShim();
const choose = seededRandom(seed);
const base = ramDirectory('strongroom-init-');
const root = join(base, 'whole');

afterAll(() => rmSync(base, { recursive: true, force: true }));

describe.skipIf(library === undefined)(`a crash during initialization (seed ${seed})`, () => {
  let events: readonly TraceEvent[];
  let keys: { readonly share: string; readonly rootToken: string };
  let port: number;

  beforeAll(async () => {
    mkdirSync(root);
    const trace = join(base, 'trace');
    const server = await TestServer.start({
      directory: root,
      config: { seal: { type: 'shamir' }, initialize: { auto: false } },
      env: shimEnvironment(library ?? '', { root, trace }),
    });
    const connection = server.connect();
    await once(connection.socket, 'connect');
    port = connection.socket.localPort ?? 0;
    const made = await connection.send({ method: 'PUT', path: 'sys/init', body: { secret_shares: 1, secret_threshold: 1 } });
    keys = { share: made.json.keys[0], rootToken: made.json.root_token };
    const unsealed = await connection.send({ method: 'PUT', path: 'sys/unseal', body: { key: keys.share } });
    if (unsealed.json.sealed !== false) throw new Error('it was not unsealed');
    connection.close();
    await server.kill();
    events = readTrace(trace);
  });

  async function check(cut: number, ending: Ending): Promise<string> {
    const target = join(base, 'image');
    mkdirSync(target);
    new DiskImage(events, cut).write(root, target, ending);
    const answered = answersBefore(events, cut).get(port) ?? 0;
    const directory = openDirectory({ directory: join(target, 'data'), compactAtBytes: 67_108_864, onFatal: () => {} });
    const server = new Server(testOptions(new KeptLines(), { directory, seals: [] }));
    try {
      await server.start();
      const again = server.boot === undefined;
      if (again && answered > 1) return 'the keys have unsealed it, and it has forgotten them';
      if (!again && answered === 0) return 'initialized with keys that nobody was told';
      const { share, rootToken } = again ? await initialize(server) : keys;
      await server.unsealWith(share);
      const look = await hostSender(server, rootToken)('GET', 'auth/token/lookup-self');
      return look.status === 200 ? 'fine' : `its root token is answered ${look.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : 'failed';
    } finally {
      await server.stop();
      rmSync(target, { recursive: true });
    }
  }

  async function initialize(server: Server): Promise<typeof keys> {
    const { shares, rootToken } = await server.initialize({ shares: 1, threshold: 1 });
    return { share: shares[0]?.toString('hex') ?? '', rootToken };
  }

  test('leaves a server that has the answered keys or can be initialized again', async () => {
    const all = events.flatMap(({ kind }, index) => (kind === 'sync-end' ? [] : [index]));
    const cuts = scale >= 20 ? all : Array.from({ length: Math.min(all.length, 3 * scale) }, () => all[choose(all.length)] ?? 0);
    for (const cut of [...cuts, events.length]) {
      const endings: readonly Ending[] = [
        { kind: 'kill' },
        { kind: 'power-cut', keep: 'none', growing: 'ordered', choose },
        { kind: 'power-cut', keep: 'some', growing: 'any', choose },
      ];
      for (const ending of endings)
        expect([cut, events[cut]?.kind, ending, await check(cut, ending)]).toEqual([cut, events[cut]?.kind, ending, 'fine']);
    }
  });
});
