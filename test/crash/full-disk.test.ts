/**
 * The storage's disk is full: a real one of 12 MiB. Invariants: writes are refused and change nothing; reads, deletions and
 * revocations still work; writes go on when there is space again; what was acknowledged survives a restart.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Server } from '../../core/system/server.ts';
import type { ServerOptions } from '../../core/system/server-options.ts';
import { openDirectory } from '../../core/system/store-directory.ts';
import { hostSender, KeptLines, testOptions } from '../harness/host.ts';
import { smallDisk } from '../harness/small-disk.ts';

const { directory: disk, mounted, resize } = smallDisk('12m');

test.skipIf(!mounted)('a full disk takes deletions and revocations only, and everything again when there is space', async () => {
  const fatal: unknown[] = [];
  const sink = new KeptLines();
  const options = (): Partial<ServerOptions> => ({
    directory: openDirectory({ directory: join(disk, 'data'), compactAtBytes: 67_108_864, onFatal: (error) => fatal.push(error) }),
  });
  const server = new Server(testOptions(sink, options()));
  const { rootToken } = await server.initialize({ shares: 1, threshold: 1 });
  server.confirm();
  const send = hostSender(server, rootToken);
  await send('POST', 'secret/data/kept', { data: { v: 'kept' } });
  for (const id of ['first-to-revoke', 'second-to-revoke']) await send('POST', 'auth/token/create', { id, policies: ['default'] });

  const write = async (name: string): Promise<number> =>
    (await send('POST', `secret/data/${name}`, { data: { v: 'x'.repeat(40_000) } })).status;
  let written = 0;
  for (let status = 200; status === 200; written++) status = await write(`filler-${written}`);
  expect(written).toBeGreaterThan(10);
  const refused = await send('POST', 'secret/data/kept', { data: { v: 'x'.repeat(40_000) } });
  expect([refused.status, refused.json]).toEqual([500, { errors: [expect.stringContaining('the disk is full')] }]);

  expect((await send('GET', 'secret/data/kept')).json.data.data).toEqual({ v: 'kept' });
  expect((await send('POST', 'auth/token/revoke', { token: 'first-to-revoke' })).status).toBe(204);
  expect((await send('GET', 'auth/token/lookup-self', undefined, 'first-to-revoke')).status).toBe(403);
  expect((await send('DELETE', 'secret/metadata/filler-0')).status).toBe(204);
  expect((await send('GET', 'secret/data/filler-0')).status).toBe(404);

  resize('32m');
  // The log looks for space now and then.
  await expect.poll(() => write('after'), { timeout: 50_000, interval: 100 }).toBe(200);
  expect((await send('POST', 'auth/token/revoke', { token: 'second-to-revoke' })).status).toBe(204);
  expect(fatal).toEqual([]);
  await server.stop();

  const again = new Server(testOptions(sink, options()));
  await again.start();
  const look = hostSender(again, rootToken);
  expect((await look('GET', 'secret/data/kept')).json.data.metadata.version).toBe(1);
  expect((await look('GET', `secret/data/filler-${written - 2}`)).status).toBe(200);
  expect((await look('GET', `secret/data/filler-${written - 1}`)).status).toBe(404);
  expect((await look('GET', 'secret/data/filler-0')).status).toBe(404);
  expect((await look('GET', 'secret/data/after')).status).toBe(200);
  for (const id of ['first-to-revoke', 'second-to-revoke'])
    expect((await look('GET', 'auth/token/lookup-self', undefined, id)).status).toBe(403);
  await again.stop();
});
