/** A disk that is full, short, or lies: what is refused, what still works, and what ends the process. */
import { describe, expect, test } from 'vitest';
import { storageContract } from '../contract.ts';
import type { LogStorage } from './log-storage.ts';
import { type LogOptions, openLog } from './open.ts';
import { seededRandom, SimulatedDisk } from './simulated-disk.ts';
import { testCipher } from './test-cipher.ts';

const bytes = (length: number): Buffer => Buffer.alloc(length, 'v');

async function setUp(options: LogOptions = {}) {
  const disk = new SimulatedDisk(seededRandom(1));
  const clock = { ms: 0 };
  const fatal: unknown[] = [];
  const openAgain = (): Promise<LogStorage> =>
    openLog({
      directory: 'data',
      disk,
      cipher: testCipher(),
      now: () => clock.ms,
      options: { ballastBytes: 2000, pause: () => Promise.resolve(), onFatal: (error) => fatal.push(error), ...options },
    });
  return { disk, clock, fatal, openAgain, storage: await openAgain() };
}

/** Lets everything that is in flight on the simulated disk come to its end. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('a full disk', () => {
  test('a write that does not fit is taken back: it is refused, the old value is read, and its readers restart', async () => {
    const { disk, storage } = await setUp();
    await storage.commit([{ key: 'a/k', value: Buffer.from('old') }]).durable;
    disk.capacity = disk.used + 10;
    const failed = storage.commit([
      { key: 'a/k', value: bytes(5000) },
      { key: 'b/new', value: bytes(1) },
    ]);
    const behind = storage.commit([{ key: 'a/k', value: undefined }]);
    const read = storage.durable(behind.revision);
    await expect(failed.durable).rejects.toMatchObject({ code: 'storage-full' });
    await expect(behind.durable).rejects.toMatchObject({ code: 'storage-full' });
    await expect(read).rejects.toMatchObject({ code: 'storage-full' });
    expect(Buffer.from((await storage.get('a/k')).value ?? []).toString()).toBe('old');
    expect(await storage.get('b/new')).toMatchObject({ revision: 0 });
    expect((await storage.list('', '', 10)).names).toEqual(['a/']);
    for (const name of ['a/k', 'a/', 'b/new', 'b/', '']) expect(storage.movedAt(storage.slot(name))).toBeGreaterThan(behind.revision);
    expect(storage.stats()).toMatchObject({ full: true, keys: 1 });
  });

  test('only urgent commits are taken until the ballast fits again, and no revision is used twice', async () => {
    const { disk, clock, storage } = await setUp();
    await storage.commit([{ key: 'k', value: bytes(10) }]).durable;
    disk.capacity = disk.used + 10;
    const failed = storage.commit([{ key: 'x', value: bytes(5000) }]);
    await expect(failed.durable).rejects.toMatchObject({ code: 'storage-full' });
    expect(() => storage.commit([{ key: 'y', value: bytes(1) }])).toThrow('the disk is full');
    const urgent = storage.commit([{ key: 'k', value: undefined }], undefined, { urgent: true });
    expect(urgent.revision).toBeGreaterThan(failed.revision);
    await urgent.durable;
    disk.capacity = Number.POSITIVE_INFINITY;
    expect(() => storage.commit([{ key: 'y', value: bytes(1) }])).toThrow('the disk is full');
    await settle();
    expect(storage.stats().full).toBe(true); // tried too short a time ago
    clock.ms += 1000;
    expect(() => storage.commit([{ key: 'y', value: bytes(1) }])).toThrow('the disk is full');
    await settle();
    expect(storage.stats().full).toBe(false);
    await storage.commit([{ key: 'y', value: bytes(1) }]).durable;
    expect(await storage.get('y')).toMatchObject({ value: bytes(1) });
  });

  test('a group of urgent commits alone is written again in the space of the ballast', async () => {
    const { disk, storage } = await setUp();
    disk.capacity = disk.used + 10;
    await storage.commit([{ key: 'revoked', value: bytes(20) }], undefined, { urgent: true }).durable;
    expect(storage.stats()).toMatchObject({ full: true, keys: 1 });
  });

  test('compaction that finds no space is given up, and nothing is lost', async () => {
    const { disk, storage, openAgain } = await setUp({ baseFileBytesMax: 500 });
    for (let i = 0; i < 20; i++) await storage.commit([{ key: `k${i}`, value: bytes(100 + i) }]).durable;
    disk.capacity = disk.used + 1500;
    await expect(storage.compact()).rejects.toMatchObject({ code: 'storage-full' });
    disk.capacity = Number.POSITIVE_INFINITY;
    await storage.compact();
    for (let i = 0; i < 20; i++) expect((await storage.get(`k${i}`)).value?.byteLength).toBe(100 + i);
    await storage.close();
    const again = await openAgain();
    for (let i = 0; i < 20; i++) expect((await again.get(`k${i}`)).value?.byteLength).toBe(100 + i);
  });
});

describe('a disk that fails', () => {
  test('a failed sync is reported once, and nothing is answered after it', async () => {
    const { disk, storage, fatal } = await setUp();
    disk.failSync = 1;
    const { durable, revision } = storage.commit([{ key: 'k', value: bytes(1) }]);
    const settled: string[] = [];
    const watch = async (what: string, promise: Promise<void> | undefined): Promise<void> => {
      await promise?.catch(() => undefined);
      settled.push(what);
    };
    void watch('durable', durable);
    await settle();
    void watch('durable(revision)', storage.durable(revision));
    await settle();
    expect(fatal).toHaveLength(1);
    expect(settled).toEqual([]);
    expect(() => storage.get('k')).toThrow('failed');
    expect(() => storage.commit([{ key: 'k', value: bytes(1) }])).toThrow('failed');
    await storage.close();
    expect(fatal).toHaveLength(1);
  });

  test('a failed write ends the process like a failed sync', async () => {
    const { disk, storage, fatal } = await setUp();
    disk.failWrite = true;
    storage.commit([{ key: 'k', value: bytes(1) }]);
    await settle();
    expect(fatal).toHaveLength(1);
  });

  test('a failure in the middle of a compaction does not keep the storage from closing', async () => {
    const during: { commit?: () => void } = {};
    const pause = (): Promise<void> => {
      during.commit?.();
      delete during.commit;
      return Promise.resolve();
    };
    const { disk, storage, fatal } = await setUp({ pause });
    for (let i = 0; i < 3000; i++) storage.commit([{ key: `k${i}`, value: bytes(1) }]);
    await storage.durable(storage.head());
    during.commit = () => {
      disk.failSync = 1;
      storage.commit([{ key: 'k', value: bytes(1) }]);
    };
    storage.compact().catch(() => undefined);
    await settle();
    await storage.close();
    expect([during.commit, fatal.length]).toEqual([undefined, 1]);
  });

  test('a reader of changes ends when the store has failed', async () => {
    const { disk, storage } = await setUp();
    const seen: number[] = [];
    const reader = (async () => {
      for await (const { revision } of storage.changes(0)) seen.push(revision);
    })();
    await storage.commit([{ key: 'k', value: bytes(1) }]).durable;
    await settle();
    disk.failSync = 1;
    storage.commit([{ key: 'k', value: bytes(2) }]);
    await reader;
    expect(seen).toEqual([1]);
  });

  test('a failed sync of compaction ends the process too', async () => {
    const { disk, storage, fatal } = await setUp();
    await storage.commit([{ key: 'k', value: bytes(1) }]).durable;
    disk.failSync = 1;
    await expect(storage.compact()).rejects.toThrow('simulated EIO');
    expect(fatal).toHaveLength(1);
  });
});

describe('short writes', () => {
  storageContract('log, short writes', async () => {
    const disk = new SimulatedDisk(seededRandom(1));
    const storage = await openLog({ directory: 'data', disk, cipher: testCipher(), options: { ballastBytes: 100 } });
    disk.writeBytesMax = 1000;
    return storage;
  });

  test('a value written four bytes at a time comes back whole, before and after compaction and reopening', async () => {
    const { disk, storage, openAgain } = await setUp();
    disk.writeBytesMax = 4;
    await storage.commit([{ key: 'k', value: Buffer.from('a value of some length') }]).durable;
    await storage.compact();
    await storage.close();
    expect(Buffer.from((await (await openAgain()).get('k')).value ?? []).toString()).toBe('a value of some length');
  });
});
