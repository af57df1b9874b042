/**
 * A server is killed, or loses its power, at any instant of a rekey, a rotation and a generate-root. Invariants: the set of shares that its
 * holders have been told opens it, the other never again; everything is readable; a token that was answered works.
 */
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/storage/log/simulated-disk.ts';
import { decodeToken } from '../../core/crypto/token-otp.ts';
import { Server } from '../../core/system/server.ts';
import { openDirectory } from '../../core/system/store-directory.ts';
import type { Connection, RawAnswer } from '../harness/client.ts';
import { hostSender, KeptLines, testOptions } from '../harness/host.ts';
import { ramDirectory } from '../harness/ram-directory.ts';
import { scale, seed } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';
import { DiskImage, type Ending } from './disk-image.ts';
import { compileShim, shimEnvironment } from './shim.ts';
import { answersBefore, readTrace, type TraceEvent } from './trace.ts';

const library = compileShim();
const choose = seededRandom(seed);
const base = ramDirectory('strongroom-keys-');
const root = join(base, 'whole');

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Counts the answers of one connection. */
class Script {
  readonly #connection: Connection;
  token: string | undefined;
  answers = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async send(method: string, path: string, body?: unknown): Promise<RawAnswer> {
    const answer = await this.#connection.send({ method, path, token: this.token, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 400) throw new Error(`${path}: ${answer.text}`);
    this.answers++;
    return answer;
  }
}

describe.skipIf(library === undefined)(`a crash during changes of keys (seed ${seed})`, () => {
  let events: readonly TraceEvent[];
  let port = 0;
  let rootToken = '';
  let before: readonly string[];
  let after: readonly string[];
  let generated: string;
  /** Answers after which these are known. */
  const told = { start: 0, shares: 0, token: 0 };

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
    const script = new Script(connection);
    const made = (await script.send('PUT', 'sys/init', { secret_shares: 3, secret_threshold: 2 })).json;
    before = made.keys.slice(1);
    rootToken = made.root_token;
    for (const key of before) await script.send('PUT', 'sys/unseal', { key });
    script.token = rootToken;
    await script.send('POST', 'secret/data/x', { data: { a: 1 } });
    told.start = script.answers;
    const { nonce } = (await script.send('PUT', 'sys/rekey/init', { secret_shares: 4, secret_threshold: 3 })).json;
    await script.send('PUT', 'sys/rekey/update', { key: before[0], nonce });
    after = (await script.send('PUT', 'sys/rekey/update', { key: before[1], nonce })).json.keys.slice(1);
    told.shares = script.answers;
    await script.send('PUT', 'sys/rotate');
    const attempt = (await script.send('PUT', 'sys/generate-root/attempt', {})).json;
    let encoded = '';
    for (const key of after)
      encoded = (await script.send('PUT', 'sys/generate-root/update', { key, nonce: attempt.nonce })).json.encoded_token;
    generated = decodeToken(encoded, attempt.otp as string);
    told.token = script.answers;
    await script.send('POST', 'secret/data/x', { data: { a: 1 } });
    connection.close();
    await server.kill();
    events = readTrace(trace);
  });

  function open(target: string): Server {
    const directory = openDirectory({ directory: join(target, 'data'), compactAtBytes: 67_108_864, onFatal: () => {} });
    return new Server(testOptions(new KeptLines(), { directory, seals: [] }));
  }

  async function opens(server: Server, shares: readonly string[]): Promise<boolean> {
    for (const share of shares) await server.unsealWith(share).catch(() => {});
    server.progress.reset();
    return server.unsealed !== undefined;
  }

  async function look(server: Server, token: string): Promise<unknown> {
    const answer = await hostSender(server, token)('GET', 'secret/data/x');
    return answer.status === 200 ? answer.json.data.data : answer.status;
  }

  /** What is wrong; undefined when nothing is. */
  async function fault(cut: number, ending: Ending): Promise<string | undefined> {
    const target = join(base, 'image');
    mkdirSync(target);
    new DiskImage(events, cut).write(root, target, ending);
    const answered = answersBefore(events, cut).get(port) ?? 0;
    const [right, wrong] = answered >= told.shares ? [after, before] : [before, after];
    try {
      let server = open(target);
      await server.start();
      if (!(await opens(server, right))) return 'the shares that were told do not open it';
      await expect.poll(() => server.boot?.previousRootKey).toBeUndefined();
      const found = [await look(server, rootToken), answered >= told.token ? await look(server, generated) : { a: 1 }];
      await server.stop();
      server = open(target);
      if (await opens(server, wrong)) return 'the other shares open it too';
      if (!(await opens(server, right))) return 'the right shares open it only once';
      found.push(await look(server, rootToken));
      await server.stop();
      return found.every((value) => JSON.stringify(value) === '{"a":1}') ? undefined : `found ${JSON.stringify(found)}`;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : 'failed';
    } finally {
      rmSync(target, { recursive: true });
    }
  }

  test('leaves one set of shares, the one that was told, and all data', async () => {
    const first = events.findIndex((_, index) => (answersBefore(events, index).get(port) ?? 0) >= told.start);
    const all = events.flatMap(({ kind }, index) => (kind === 'sync-end' || index < first ? [] : [index]));
    // The few around the boot file are always among them.
    const close = all.filter((index) => {
      const event = events[index];
      return event !== undefined && 'path' in event && event.path.includes('boot.json');
    });
    const some = Array.from({ length: 3 * scale }, () => all[choose(all.length)] ?? 0);
    const cuts = scale >= 20 ? all : [...close.filter((_, index) => scale > 1 || (index + seed) % 3 === 0), ...some, events.length];
    for (const [index, cut] of cuts.entries()) {
      const endings: readonly Ending[] = [
        { kind: 'kill' },
        { kind: 'power-cut', keep: choose(2) === 0 ? 'none' : 'some', growing: 'ordered', choose },
      ];
      for (const ending of scale > 1 ? endings : endings.slice(index % 2, (index % 2) + 1))
        expect([cut, events[cut]?.kind, ending, await fault(cut, ending)]).toEqual([cut, events[cut]?.kind, ending, undefined]);
    }
  });
});
