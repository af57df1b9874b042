/**
 * A backup that is larger than what the disk has left: a real one of 28 MiB. Invariants: the restore is refused in words, nothing of it stays,
 * the old data and new writes are there.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { startBackup } from '../../core/system/backup.ts';
import { openDirectory, type StoreDirectory } from '../../core/system/store-directory.ts';
import { startHost } from '../harness/host.ts';
import { smallDisk } from '../harness/small-disk.ts';

const large = mkdtempSync(join(tmpdir(), 'strongroom-large-'));
const { directory: disk, mounted } = smallDisk('28m');

afterAll(() => rmSync(large, { recursive: true }));

function open(directory: string): StoreDirectory {
  return openDirectory({
    directory,
    compactAtBytes: 67_108_864,
    onFatal: (error) => {
      throw error;
    },
  });
}

test.skipIf(!mounted)('a disk that is full during an upload keeps what it had', async () => {
  const from = await startHost({ directory: open(join(large, 'data')) });
  for (let i = 0; i < 60; i++) await from.send('POST', `secret/data/k${i}`, { data: { v: 'x'.repeat(400_000) } });
  const bytes = await buffer(startBackup(from.server));
  await from.server.stop();
  expect(bytes.length).toBeGreaterThan(20_000_000);

  const to = await startHost({ directory: open(join(disk, 'data')) });
  await to.send('POST', 'secret/data/kept', { data: { v: 1 } });
  async function* upload(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
  }
  await expect(to.server.restore.prepare(upload(), true)).rejects.toMatchObject({
    code: 'storage-full',
    message: 'the disk is full: nothing was restored and nothing was changed',
  });
  expect(readdirSync(join(disk, 'data')).filter((name) => name.startsWith('store-'))).toHaveLength(1);
  expect((await to.send('GET', 'secret/data/kept')).json.data.data).toEqual({ v: 1 });
  await expect.poll(async () => (await to.send('POST', 'secret/data/later', { data: { v: 1 } })).status, { timeout: 50_000 }).toBe(200);
  await to.server.stop();
});
