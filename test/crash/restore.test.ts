/**
 * A server is killed, or loses its power, at any instant of a restore. Invariants: afterwards the old data is there whole or the new; the new
 * once the restore was answered; the audit agrees, without being told to accept a rollback; nothing else is left in the directory.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import { seededRandom } from '../../core/storage/log/simulated-disk.ts';
import { restoreBackup, takeBackup } from '../harness/backup-client.ts';
import { hostSender } from '../harness/host.ts';
import { ramDirectory } from '../harness/ram-directory.ts';
import { scale, seed } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';
import { DiskImage, type Ending } from './disk-image.ts';
import { openOn } from './image-check.ts';
import { compileShim, shimEnvironment } from './shim.ts';
import { readTrace, type TraceEvent } from './trace.ts';

const library = compileShim();
const choose = seededRandom(seed);
const base = ramDirectory('strongroom-restore-');
const root = join(base, 'whole');
const keys = 40;

afterAll(() => rmSync(base, { recursive: true, force: true }));

describe.skipIf(library === undefined)(`a crash during a restore (seed ${seed})`, () => {
  let events: readonly TraceEvent[];
  let rootToken = '';
  let answered = 0;

  beforeAll(async () => {
    mkdirSync(root);
    const trace = join(base, 'trace');
    const server = await TestServer.start({ directory: root, env: shimEnvironment(library ?? '', { root, trace }) });
    rootToken = server.rootToken;
    const succeed = async (answer: Promise<{ readonly status: number }>): Promise<void> => {
      const { status } = await answer;
      if (status !== 200) throw new Error(`answered ${status}`);
    };
    const write = async (value: string): Promise<void> => {
      for (let i = 0; i < keys; i++) await succeed(server.send({ method: 'POST', path: `secret/data/k${i}`, body: { data: { value } } }));
    };
    await write('new');
    const target = { port: server.port, token: rootToken };
    const { bytes } = await takeBackup(target);
    await write('old');
    await succeed(restoreBackup(target, bytes, { force: true }));
    await succeed(server.send({ method: 'POST', path: 'secret/data/after', body: { data: { value: 'x' } } }));
    await server.kill();
    events = readTrace(trace);
    answered = events.findIndex((event) => event.kind === 'answer' && event.data.includes('would be undone'));
  });

  async function fault(cut: number, ending: Ending): Promise<string | undefined> {
    const target = join(base, 'image');
    mkdirSync(target);
    new DiskImage(events, cut).write(root, target, ending);
    try {
      for (let start = 0; start < 2; start++) {
        const server = await openOn(target);
        const send = hostSender(server, rootToken);
        const values = new Set<unknown>();
        for (let i = 0; i < keys; i++) values.add((await send('GET', `secret/data/k${i}`)).json?.data?.data?.value);
        const written = (await send('POST', 'secret/data/later', { data: { value: start } })).status;
        await server.stop();
        if (values.size !== 1 || !(values.has('new') || values.has('old'))) return `found ${JSON.stringify([...values])}`;
        if (cut > answered && !values.has('new')) return 'a restore that was answered is not there';
        if (written !== 200) return `a write is answered ${written}`;
      }
      const stores = readdirSync(join(target, 'data')).filter((name) => name.startsWith('store-'));
      if (stores.length !== 1) return `${stores.length} stores are left`;
      const report = await verifyAuditFiles([join(target, 'audit.log')]);
      return report.ok ? undefined : `audit: ${report.what}`;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : 'failed';
    } finally {
      rmSync(target, { recursive: true });
    }
  }

  test('leaves the old data whole or the new', async () => {
    const began = events.findIndex(
      (event, index) =>
        event.kind === 'mkdir' && index > 0 && /store-/.test(event.path) && events.slice(0, index).some(({ kind }) => kind === 'answer'),
    );
    expect(began).toBeGreaterThan(0);
    const all = events.flatMap(({ kind }, index) => (kind === 'sync-end' || index < began ? [] : [index]));
    const close = all.filter((index) => {
      const event = events[index];
      return event !== undefined && 'path' in event && /boot\.json|manifest/.test(event.path);
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
