/**
 * A server that wraps and unwraps is killed, or loses its power, at any call. Invariants: an answer whose wrapping was acknowledged can be unwrapped
 * afterwards; one that was unwrapped, or rewrapped, and answered so, cannot be again; nothing is ever unwrapped twice.
 */
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/storage/log/simulated-disk.ts';
import { hostSender } from '../harness/host.ts';
import { ramDirectory } from '../harness/ram-directory.ts';
import { scale, seed } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';
import { DiskImage, type Ending } from './disk-image.ts';
import { openOn } from './image-check.ts';
import { compileShim, shimEnvironment } from './shim.ts';
import { answersBefore, readTrace, type TraceEvent } from './trace.ts';

const library = compileShim();
const choose = seededRandom(seed);
const base = ramDirectory('strongroom-wrapping-');
const root = join(base, 'whole');

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A wrapping token: the request that made it, and the one that used it up, by their numbers. */
interface Life {
  readonly token: string;
  readonly made: number;
  used: number;
}

describe.skipIf(library === undefined)(`a crash while answers are wrapped (seed ${seed})`, () => {
  const lives: Life[] = [];
  let events: readonly TraceEvent[];
  let port: number;
  let rootToken: string;

  beforeAll(async () => {
    mkdirSync(root);
    const trace = join(base, 'trace');
    const server = await TestServer.start({ directory: root, env: shimEnvironment(library ?? '', { root, trace }) });
    ({ rootToken } = server);
    const connection = server.connect();
    await once(connection.socket, 'connect');
    port = connection.socket.localPort ?? 0;
    let sent = 0;
    const send = async (path: string, token: string, body: unknown, wrap?: string): Promise<string> => {
      const headers = wrap === undefined ? {} : { 'X-Vault-Wrap-TTL': wrap };
      const { status, json } = await connection.send({ method: 'POST', path, token, body, headers });
      if (status !== 200) throw new Error(`${path}: ${status}`);
      const made = json.wrap_info?.token as string | undefined;
      if (made !== undefined) lives.push({ token: made, made: sent, used: Number.POSITIVE_INFINITY });
      sent++;
      return made ?? '';
    };
    const uses = (token: string): void => void (lives.find((life) => life.token === token)!.used = sent);
    for (let round = 0; round < 3; round++) {
      const byHeader = await send('sys/wrapping/wrap', rootToken, { round }, '1h');
      const byBody = await send('sys/wrapping/wrap', rootToken, { round }, '1h');
      const again = await send('sys/wrapping/wrap', rootToken, { round }, '1h');
      uses(byHeader);
      await send('sys/wrapping/unwrap', byHeader, undefined);
      uses(byBody);
      await send('sys/wrapping/unwrap', rootToken, { token: byBody });
      uses(again);
      await send('sys/wrapping/rewrap', rootToken, { token: again });
    }
    connection.close();
    await server.kill();
    events = readTrace(trace);
  });

  async function faultsAt(cut: number, ending: Ending): Promise<readonly string[]> {
    const target = join(base, 'image');
    mkdirSync(target);
    new DiskImage(events, cut).write(root, target, ending);
    const answered = answersBefore(events, cut).get(port) ?? 0;
    const server = await openOn(target);
    try {
      const send = hostSender(server, rootToken);
      const faults: string[] = [];
      for (const [index, { token, made, used }] of lives.entries()) {
        if (made >= answered) continue;
        const { status } = await send('POST', 'sys/wrapping/unwrap', { token });
        if (used < answered && status !== 400) faults.push(`token ${index} has been used and is answered ${status}`);
        if (used > answered && status !== 200) faults.push(`token ${index} is lost: ${status}`);
        const second = await send('POST', 'sys/wrapping/unwrap', { token });
        if (second.status !== 400) faults.push(`token ${index} is answered ${second.status} the second time`);
      }
      return faults;
    } finally {
      await server.stop();
      rmSync(target, { recursive: true });
    }
  }

  test('loses no wrapped answer that was acknowledged, and shows none twice', async () => {
    const first = events.findIndex(({ kind }) => kind === 'answer');
    const all = events.flatMap(({ kind }, index) => (kind === 'sync-end' || index < first ? [] : [index]));
    // Right after an answer, what should have been safe before it shows.
    const told = all.filter((index) => events[index - 1]?.kind === 'answer');
    const pick = (from: readonly number[], count: number): readonly number[] =>
      Array.from({ length: count * scale }, () => from[choose(from.length)] ?? first);
    for (const cut of scale >= 20 ? all : [...pick(all, 4), ...pick(told, 3)]) {
      expect([cut, await faultsAt(cut, { kind: 'kill' })]).toEqual([cut, []]);
      const cutOff: Ending = { kind: 'power-cut', keep: 'none', growing: 'ordered', choose };
      expect([cut, await faultsAt(cut, cutOff)]).toEqual([cut, []]);
    }
  });
});
