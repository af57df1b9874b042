/** Backup and restore over HTTP: while writing, refusals, force, races, shares of the backup's time. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import { restoreBackup, takeBackup } from '../harness/backup-client.ts';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { noteAnswer, reportCoverage } from './coverage.ts';
import { expectStatus, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

interface To {
  readonly of?: TestServer;
  readonly token?: string | undefined;
}

async function backup({ of = server, token = of.rootToken }: To = {}): Promise<Buffer> {
  const { status, bytes } = await takeBackup({ port: of.port, token, onAnswer: noteAnswer });
  expect(status).toBe(200);
  return bytes;
}

function restore(bytes: Uint8Array, force = false, { of = server, token = of.rootToken }: To = {}): Promise<RawAnswer> {
  return restoreBackup({ port: of.port, token, onAnswer: noteAnswer }, bytes, { force });
}

function put(path: string, value: unknown, of = server): Promise<RawAnswer> {
  return expectStatus(of, { method: 'POST', path: `secret/data/${path}`, body: { data: { value } } }, 200);
}

async function get(path: string, of = server, token = of.rootToken): Promise<unknown> {
  const { status, json } = await of.send({ method: 'GET', path: `secret/data/${path}`, token });
  return status === 200 ? json.data.data.value : status;
}

/** Stores in the data directory: one, whatever has been tried. */
function stores(of = server): readonly string[] {
  return readdirSync(join(of.directory, 'data')).filter((name) => name.startsWith('store-'));
}

test('a backup restored by force brings back its moment, and everything goes on', async () => {
  await put('a', 1);
  const bytes = await backup();
  await put('a', 2);
  await put('b', 1);
  const refused = await restore(bytes);
  expect([refused.status, refused.json.errors[0]]).toEqual([400, expect.stringMatching(/audit has seen revision \d+.*snapshot-force/)]);
  expect(await get('a')).toBe(2);
  const forced = await restore(bytes, true);
  expect([forced.status, forced.json.warnings]).toEqual([200, [expect.stringContaining('would be undone')]]);
  expect([await get('a'), await get('b')]).toEqual([1, 404]);
  await put('c', 1);
  await server.kill();
  await server.restart();
  expect([await get('a'), await get('b'), await get('c')]).toEqual([1, 404, 1]);
  expect(stores()).toHaveLength(1);
  expect(await verifyAuditFiles([join(server.directory, 'audit.log')])).toMatchObject({ ok: true });
});
