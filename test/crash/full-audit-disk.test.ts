/**
 * The audit's disk is full: a real one of 1 MiB, the storage elsewhere. Invariants: every request is refused and changes nothing; requests
 * go on when there is space again; the next line is a line of its own, and verification explains the gap.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import { hostSender } from '../harness/host.ts';
import { smallDisk } from '../harness/small-disk.ts';
import { openOn } from './image-check.ts';

const base = mkdtempSync(join(tmpdir(), 'strongroom-audit-'));
const { directory: disk, mounted } = smallDisk('1m');
const auditPath = join(disk, 'audit.log');

afterAll(() => rmSync(base, { recursive: true }));

test.skipIf(!mounted)('a full audit disk refuses every request, and they go on when there is space', async () => {
  const server = await openOn(base, { auditPath });
  const { rootToken } = await server.initialize({ shares: 1, threshold: 1 });
  server.confirm();
  const send = hostSender(server, rootToken);
  const read = (path: string): Promise<number> => send('GET', `secret/data/${path}`).then(({ status }) => status);
  expect((await send('POST', 'secret/data/before', { data: { v: 1 } })).status).toBe(200);

  const filler = join(disk, 'filler');
  writeFileSync(filler, '');
  expect(() => writeFileSync(filler, Buffer.alloc(2_000_000))).toThrow('ENOSPC');
  // What is left of the log's last page is used up first.
  await expect.poll(() => read('before')).toBe(500);
  for (const [method, path, body] of [
    ['POST', 'secret/data/refused', { data: { v: 1 } }],
    ['GET', 'secret/data/before', undefined],
    ['POST', 'auth/token/create', { id: 'token-refused' }],
    ['DELETE', 'secret/metadata/before', undefined],
  ] as const)
    expect((await send(method, path, body)).status).toBe(500);

  rmSync(filler);
  expect(await read('before')).toBe(200);
  expect(await read('refused')).toBe(404);
  expect((await send('GET', 'auth/token/lookup-self', undefined, 'token-refused')).status).toBe(403);
  expect((await send('POST', 'secret/data/after', { data: { v: 1 } })).status).toBe(200);
  await server.stop();

  const report = await verifyAuditFiles([auditPath]);
  expect(report).toMatchObject({ ok: true, tornTail: false });
  expect(report.ok && report.recovered.length).toBeGreaterThan(0);
  expect(
    readFileSync(auditPath, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('secret/data/after')).length,
  ).toBe(2);
});
