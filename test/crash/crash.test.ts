/**
 * A server under a scripted load is killed at any call, or loses its power there. Invariants: what was acknowledged is there; what was
 * under way is there whole or not at all; every change has its request in the audit, every acknowledged operation both lines; the audit
 * verifies; the server goes on.
 */
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/storage/log/simulated-disk.ts';
import { ramDirectory } from '../harness/ram-directory.ts';
import { scale, seed } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';
import { DiskImage, type Ending } from './disk-image.ts';
import { faultsOf, type LaneProgress } from './image-check.ts';
import { type Lane, lanes as otherLanes } from './script.ts';
import { settingsLane } from './settings-lane.ts';
import { compileShim, shimEnvironment, type ShimWish } from './shim.ts';
import { answersBefore, readTrace, type TraceEvent } from './trace.ts';

const lanes = (rounds: number): readonly Lane[] => [...otherLanes(rounds), settingsLane(1)];
const library = compileShim();
const choose = seededRandom(seed);
const base = ramDirectory('strongroom-crash-');

afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Run {
  readonly server: TestServer;
  readonly progress: readonly (LaneProgress & { readonly port: number })[];
}

function endsLogSync(event: TraceEvent | undefined): boolean {
  return event?.kind === 'sync-end' && /\/log-\d+$/.test(event.path);
}

/** Starts a server under the shim and plays the lanes until they are done or it is gone. */
async function play(name: string, played: readonly Lane[], wish: Omit<ShimWish, 'root'>): Promise<Run> {
  const directory = join(base, name);
  mkdirSync(directory);
  const server = await TestServer.start({
    directory,
    config: { storage: { type: 'file', directory: 'data', compact_at: 1_048_576 } },
    env: shimEnvironment(library ?? '', { root: directory, ...wish }),
  });
  const progress = await Promise.all(
    played.map(async (lane) => {
      const connection = server.connect();
      const connected = await once(connection.socket, 'connect').then(
        () => true,
        () => false,
      );
      const port = connection.socket.localPort ?? 0;
      let acknowledged = 0;
      for (const { request, status } of connected ? lane.steps : []) {
        // It ends without an answer when the server is gone.
        const answer = await connection.send({ ...request, token: server.rootToken }).catch(() => undefined);
        if (answer === undefined) break;
        expect({ ...request, body: '', status: answer.status }).toEqual({ ...request, body: '', status });
        acknowledged++;
      }
      connection.close();
      return { lane, port, acknowledged };
    }),
  );
  await server.kill();
  return { server, progress };
}

describe.skipIf(library === undefined)(`a crash (seed ${seed})`, () => {
  const trace = join(base, 'trace');
  let run: Run;
  let events: readonly TraceEvent[];
  let first = 0;

  beforeAll(async () => {
    run = await play('whole', lanes(3), { trace });
    events = readTrace(trace);
    first = events.findIndex(({ kind }) => kind === 'answer');
  });

  async function faultsAt(name: string, cut: number, ending: Ending): Promise<readonly string[]> {
    const target = join(base, name);
    mkdirSync(target);
    new DiskImage(events, cut).write(join(base, 'whole'), target, ending);
    const answered = answersBefore(events, cut);
    const progress = run.progress.map(({ lane, port }) => ({ lane, acknowledged: answered.get(port) ?? 0 }));
    const faults = await faultsOf(target, run.server.rootToken, progress, ending.kind === 'power-cut');
    rmSync(target, { recursive: true });
    return faults.map((fault) => `event ${cut} (${events[cut]?.kind ?? 'end'}), ${JSON.stringify(ending)}: ${fault}`);
  }

  test('the run itself is whole, and its log was compacted', async () => {
    expect(run.progress.map(({ lane, acknowledged }) => lane.steps.length - acknowledged)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(events.some((event) => event.kind === 'rename' && /manifest/i.test(event.to))).toBe(true);
    expect(await faultsAt('end', events.length, { kind: 'kill' })).toEqual([]);
  });

  /** Points right before a call of the server; all of them from scale 20 on. */
  function points(count: number, at: (index: number) => boolean = () => true): readonly number[] {
    const all = events.flatMap((event, index) => (index >= first && event.kind !== 'sync-end' && at(index) ? [index] : []));
    if (scale >= 20) return all;
    return Array.from({ length: Math.min(count * scale, all.length) }, () => all[choose(all.length)] ?? first);
  }

  test('kill -9 at a call loses nothing that was acknowledged', async () => {
    for (const cut of points(9)) expect(await faultsAt(`kill-${cut}`, cut, { kind: 'kill' })).toEqual([]);
  });

  test.each(['ordered', 'any'] as const)(
    'a power cut loses nothing that was acknowledged, whatever else of the unsynced it takes (growing files: %s)',
    async (growing) => {
      // Right after a sync of the log and after an answer, what should have been safe before it shows.
      const told = (index: number): boolean => endsLogSync(events[index - 1]) || events[index - 1]?.kind === 'answer';
      const cuts = [...points(5), ...points(14, told)];
      for (const [index, cut] of cuts.entries()) {
        const keep = (index % 3 === 0 || told(cut)) && growing === 'ordered' ? 'none' : 'some';
        expect(await faultsAt(`cut-${growing}-${index}`, cut, { kind: 'power-cut', keep, growing, choose })).toEqual([]);
      }
    },
  );

  test('a process that is really killed, also in the middle of a write, comes back with all it acknowledged', async () => {
    const calls = events.filter(({ kind }) => kind !== 'answer' && kind !== 'sync-end').length;
    const before = events.slice(0, first).filter(({ kind }) => kind !== 'answer' && kind !== 'sync-end').length;
    for (let index = 0; index < 2 * scale; index++) {
      const killAt = before + 1 + choose(calls - before);
      const { server, progress } = await play(`killed-${index}`, lanes(3), { killAt, half: index % 2 === 0 });
      const faults = await faultsOf(server.directory, server.rootToken, progress, false);
      expect(faults.map((fault) => `call ${killAt}: ${fault}`)).toEqual([]);
      rmSync(server.directory, { recursive: true });
    }
  });
});
