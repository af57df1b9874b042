/** A sync fails with EIO. Invariants: the process ends; nothing it had acknowledged is lost; the restart is clean. */
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TestServer } from '../harness/server.ts';
import { faultsOf } from './image-check.ts';
import { lanes } from './script.ts';
import { compileShim, shimEnvironment } from './shim.ts';

const library = compileShim();
const base = mkdtempSync(join(tmpdir(), 'strongroom-eio-'));

afterAll(() => rmSync(base, { recursive: true, force: true }));

test.skipIf(library === undefined)(
  'the first failed sync of the log ends the process, and the restart has what was acknowledged',
  async () => {
    const directory = join(base, 'eio');
    mkdirSync(directory);
    const server = await TestServer.start({ directory, env: shimEnvironment(library ?? '', { root: directory, eioAt: 60 }) });
    const ended = server.ended();
    const [lane] = lanes(8);
    if (lane === undefined) throw new Error('no lane');
    const connection = server.connect();
    const send = async (): Promise<number> => {
      for (const [acknowledged, { request, status }] of lane.steps.entries()) {
        const answer = await connection.send({ ...request, token: server.rootToken }).catch(() => undefined);
        // The audit's own sync may be the one that fails: then requests are refused, and nothing changes any more.
        if (answer?.status !== status) return acknowledged;
      }
      return lane.steps.length;
    };
    const acknowledged = await send();
    expect(acknowledged).toBeLessThan(lane.steps.length);
    connection.close();
    if (server.output.includes('the disk failed')) expect(await ended).toBe(1);
    await server.kill();
    expect(await faultsOf(directory, server.rootToken, [{ lane, acknowledged }], false)).toEqual([]);
  },
);
