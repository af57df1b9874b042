/** Snapshots of an open log, and the lineage that begins when one is restored. */
import { expect, test } from 'vitest';
import { fileName } from './format.ts';
import type { LogStorage } from './log-storage.ts';
import { readManifest } from './manifest.ts';
import { openLog } from './open.ts';
import { seededRandom, SimulatedDisk } from './simulated-disk.ts';
import { testCipher } from './test-cipher.ts';

const directory = 'data';

function open(disk: SimulatedDisk, restoredAfter?: number): Promise<LogStorage> {
  const options = { ballastBytes: 100, pause: () => Promise.resolve() };
  return openLog({ directory, disk, cipher: testCipher(), options, ...(restoredAfter === undefined ? {} : { restoredAfter }) });
}

async function fill(storage: LogStorage, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await storage.commit([{ key: `k/${i}`, value: Buffer.from(`value ${i}`) }]).durable;
}

async function names(storage: LogStorage): Promise<number> {
  const { names: found } = await storage.list('k/', '', 1000);
  for (const name of found) expect(Buffer.from((await storage.get(`k/${name}`)).value!).toString()).toBe(`value ${name}`);
  return found.length;
}

/** Puts a snapshot on a disk of its own. */
function copy({ files }: ReturnType<LogStorage['snapshot']>): SimulatedDisk {
  const disk = new SimulatedDisk(seededRandom(1));
  disk.mkdir();
  for (const file of files) disk.create(`${directory}/${file.name}`).pwrite(file.read(0, file.bytes), 0);
  return disk;
}

test('a snapshot is the state of its moment, whatever is written, compacted and removed while it is read', async () => {
  const storage = await open(new SimulatedDisk(seededRandom(7)));
  await fill(storage, 0, 20);
  await storage.compact();
  await fill(storage, 20, 30);
  const snapshot = storage.snapshot();
  expect(snapshot.revision).toBe(30);
  await fill(storage, 30, 60);
  await storage.compact();
  await storage.compact();
  const restored = await open(copy(snapshot));
  snapshot.close();
  expect([restored.head(), await names(restored), await names(storage)]).toEqual([30, 30, 60]);
});

test('a snapshot in the middle of a compaction opens', async () => {
  const storage = await open(new SimulatedDisk(seededRandom(7)));
  await fill(storage, 0, 40);
  await storage.compact();
  await fill(storage, 40, 80);
  const found: number[] = [];
  const compacting = storage.compact({
    onProgress: () => {
      const snapshot = storage.snapshot();
      void open(copy(snapshot)).then(async (restored) => found.push(await names(restored)));
      snapshot.close();
    },
  });
  await compacting;
  await expect.poll(() => found.length).toBeGreaterThan(0);
  expect(new Set(found)).toEqual(new Set([80]));
});

test('a restored directory goes on past the revisions that were seen, and does not take frames of the time before', async () => {
  const disk = new SimulatedDisk(seededRandom(7));
  const storage = await open(disk);
  await fill(storage, 0, 20);
  await storage.compact();
  await fill(storage, 20, 30);
  const target = copy(storage.snapshot());
  await fill(storage, 30, 40);
  const older = disk.bytes(`${directory}/${storage.snapshot().files.at(-1)!.name}`);

  let restored = await open(target, 1000);
  expect([restored.head(), await names(restored)]).toEqual([1000, 30]);
  const { revision, durable } = restored.commit([{ key: 'k/30', value: Buffer.from('value 30') }]);
  expect(revision).toBe(1001);
  await durable;
  await restored.compact();
  await restored.close();
  // The bases of the time before are read by their own lineage, after a restart and after a second restore too.
  const again = target.clone();
  restored = await open(again, 2000);
  expect([restored.head(), await names(restored)]).toEqual([2000, 31]);
  await restored.close();

  const { tail, lineage } = readManifest(target, directory)!;
  expect(lineage.equals(readManifest(disk, directory)!.lineage)).toBe(false);
  const path = `${directory}/${fileName('log', tail.file)}`;
  target.unlink(path);
  target.create(path).pwrite(older, 0);
  await expect(open(target)).rejects.toThrow('its header is not the one that the manifest expects');
});
