/** The whole data directory is put back to an older copy. Invariant: unsealing notices it by the audit, unless told to go on. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Server } from '../../core/system/server.ts';
import { hostSender } from '../harness/host.ts';
import { openOn } from './image-check.ts';

const base = mkdtempSync(join(tmpdir(), 'strongroom-rollback-'));
const data = join(base, 'data');

afterAll(() => rmSync(base, { recursive: true, force: true }));

async function write(server: Server, rootToken: string, value: number): Promise<number> {
  return (await hostSender(server, rootToken)('POST', 'secret/data/x', { data: { value } })).status;
}

test('a directory rolled back is refused with both revisions, and opened when that is wanted', async () => {
  let server = await openOn(base);
  const { rootToken } = await server.initialize({ shares: 1, threshold: 1 });
  server.confirm();
  expect(await write(server, rootToken, 1)).toBe(200);
  await server.stop();
  cpSync(data, join(base, 'copy'), { recursive: true });

  server = await openOn(base);
  expect(await write(server, rootToken, 2)).toBe(200);
  // The audit's next line says how far the storage was.
  expect((await hostSender(server, rootToken)('GET', 'secret/data/x')).status).toBe(200);
  await server.stop();
  rmSync(data, { recursive: true });
  cpSync(join(base, 'copy'), data, { recursive: true });

  await expect(openOn(base)).rejects.toThrow(/storage is at revision \d+, but the audit has seen revision \d+: it was rolled back/);
  // Refusing is not forgetting.
  await expect(openOn(base)).rejects.toThrow('rolled back');
  server = await openOn(base, { acceptRollback: true });
  const read = await hostSender(server, rootToken)('GET', 'secret/data/x');
  expect(read.json.data.data).toEqual({ value: 1 });
  await server.stop();
});
