/**
 * A sync fails with EIO. Invariants: the log's ends the process, the audit's refuses every request from then on; nothing that was
 * acknowledged is lost; the restart is clean.
 */
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { TestServer } from '../harness/server.ts';
import { faultsOf } from './image-check.ts';
import { type Lane, lanes } from './script.ts';
import { compileShim, shimEnvironment } from './shim.ts';

const library = compileShim();
const base = mkdtempSync(join(tmpdir(), 'strongroom-eio-'));

afterAll(() => rmSync(base, { recursive: true, force: true }));

describe.skipIf(library === undefined)('a sync that fails', () => {
  async function start(name: string, path: string): Promise<TestServer> {
    const directory = join(base, name);
    mkdirSync(directory);
    return TestServer.start({ directory, env: shimEnvironment(library ?? '', { root: directory, eio: { path, at: 20 } }) });
  }

  /** Plays the lane until an answer is none of the script's; gives how many were, and that answer's status. */
  async function play(server: TestServer, lane: Lane): Promise<{ readonly acknowledged: number; readonly status: number | undefined }> {
    const connection = server.connect();
    for (const [acknowledged, { request, status }] of lane.steps.entries()) {
      const answer = await connection.send({ ...request, token: server.rootToken }).catch(() => undefined);
      if (answer?.status !== status) return { acknowledged, status: answer?.status };
    }
    throw new Error('no sync failed');
  }

  const [lane] = lanes(8);
  if (lane === undefined) throw new Error('no lane');

  test('of the log ends the process without another answer', async () => {
    const server = await start('log', '/data/');
    const ended = server.ended();
    const { acknowledged, status } = await play(server, lane);
    expect(status).toBeUndefined();
    expect(await ended).toBe(1);
    expect(server.output).toContain('the disk failed');
    expect(await faultsOf(server.directory, server.rootToken, [{ lane, acknowledged }], false)).toEqual([]);
  });

  test('of the audit refuses this request and every one after it until the restart', async () => {
    const server = await start('audit', '/audit.log');
    const { acknowledged, status } = await play(server, lane);
    expect(status).toBe(500);
    for (const method of ['GET', 'POST']) {
      const later = await server.send({ method, path: 'secret/data/later', ...(method === 'POST' ? { body: { data: {} } } : {}) });
      expect(later.status).toBe(500);
    }
    await server.kill();
    expect(await faultsOf(server.directory, server.rootToken, [{ lane, acknowledged }], false)).toEqual([]);
  });
});
