import { describe, expect, test } from 'vitest';
import type { Disk } from './disk.ts';
import type { LogStorage } from './log-storage.ts';
import { type LogOptions, openLog } from './open.ts';
import { seededRandom, SimulatedDisk } from './simulated-disk.ts';
import { testCipher } from './test-cipher.ts';

const disks = (): SimulatedDisk => new SimulatedDisk(seededRandom(1));

function open(disk: SimulatedDisk, options: LogOptions = {}, cipher = testCipher()): Promise<LogStorage> {
  return openLog({ directory: 'data', disk, cipher, options: { ballastBytes: 100, pause: () => Promise.resolve(), ...options } });
}

const keyOf = (i: number): string => `d${i % 7}/k${i}`;

const keyring = (version: number): { keyring: Uint8Array } => ({ keyring: Uint8Array.of(version) });

async function write(storage: LogStorage, count: number, length = 50): Promise<void> {
  for (let i = 0; i < count; i += 100) {
    const writes = Array.from({ length: Math.min(100, count - i) }, (_, j) => ({ key: keyOf(i + j), value: Buffer.alloc(length, i + j) }));
    await storage.commit(writes).durable;
  }
}

/** A disk on which the syncs of log files wait between `hold` and `release`. */
function heldDisk(disk: SimulatedDisk) {
  const gate = Promise.withResolvers<void>();
  let until: Promise<void> | undefined;
  const slow: Disk = {
    mkdir: () => disk.mkdir(),
    readdir: (path) => disk.readdir(path),
    open: (path) => disk.open(path),
    create(path) {
      const file = disk.create(path);
      const fdatasync = async (): Promise<void> => {
        if (path.includes('log-')) await until;
        await file.fdatasync();
      };
      return { ...file, fdatasync };
    },
    rename: (from, to) => disk.rename(from, to),
    unlink: (path) => disk.unlink(path),
    fsyncDirectory: () => disk.fsyncDirectory(),
    lock: (path) => disk.lock(path),
  };
  const hold = (): void => {
    until = gate.promise;
  };
  return { slow, hold, release: () => gate.resolve() };
}

/** A pause of compaction during which something is done, once. */
function oncePaused() {
  const during: { commit?: () => void } = {};
  const pause = async (): Promise<void> => {
    const { commit } = during;
    delete during.commit;
    commit?.();
    for (let ticks = 0; ticks < 10; ticks++) await Promise.resolve();
  };
  return { during, pause };
}

describe('compaction', () => {
  test('gives way to requests after at most 64 KiB of copies', async () => {
    const storage = await open(disks(), { compactAtBytes: 2 ** 40 });
    await write(storage, 2000, 1000);
    const copied: number[] = [0];
    await storage.compact({ onProgress: ({ bytesCopied }) => void copied.push(bytesCopied) });
    const steps = copied.slice(1).map((bytes, index) => bytes - copied[index]!);
    expect(Math.max(...steps)).toBeLessThan(65_536);
    expect(steps.length).toBeGreaterThan(2000 / 32);
    await storage.close();
  });

  test('starts by itself when the tail has grown, and bounds the disk', async () => {
    const disk = disks();
    const storage = await open(disk, { compactAtBytes: 20_000 });
    for (let round = 0; round < 40; round++) await write(storage, 100);
    await storage.compact();
    const { compactions, liveBytes, diskBytes, keys } = storage.stats();
    expect(compactions).toBeGreaterThan(3);
    expect({ keys, liveBytes }).toEqual({ keys: 100, liveBytes: 5000 });
    expect(diskBytes).toBeLessThan(40_000);
  });

  test('keeps revisions and values, moves no slot, and shows nothing to the readers of changes', async () => {
    const storage = await open(disks());
    await write(storage, 100);
    const before = await storage.get('d1/k1');
    const head = storage.head();
    const at = storage.movedAt(storage.slot('d1/k1'));
    await storage.compact();
    expect(await storage.get('d1/k1')).toEqual(before);
    expect([storage.head(), storage.movedAt(storage.slot('d1/k1'))]).toEqual([head, at]);
    const old = async (): Promise<void> => {
      for await (const change of storage.changes(head - 1)) expect(change).toBeUndefined();
    };
    await expect(old()).rejects.toMatchObject({ code: 'precondition' });
  });

  test('reads only the page table when it opens, and pages when they are touched', async () => {
    const disk = disks();
    let storage = await open(disk);
    await write(storage, 3000);
    await storage.close();
    storage = await open(disk);
    await storage.compact();
    await storage.close();
    const cipher = testCipher();
    let opened = 0;
    const counting = { ...cipher, open: (sealed: Uint8Array, aad: Uint8Array) => (opened++, cipher.open(sealed, aad)) };
    storage = await open(disk, { cleanPagesMax: 2 }, counting);
    const afterOpen = opened;
    expect(storage.stats().keys).toBe(3000);
    await storage.get('d1/k1');
    expect([afterOpen, opened]).toEqual([2, 3]); // the table and the close frame; then one page
    for (let i = 0; i < 3000; i += 10) expect((await storage.get(`d${i % 7}/k${i}`)).value?.[0]).toBe(i % 256);
  });

  test('commits during compaction are kept, whatever page they touch', async () => {
    const disk = disks();
    let storage = await open(disk, {}, testCipher());
    await write(storage, 2000);
    const compacted = storage.compact();
    const acknowledged: Promise<void>[] = [];
    for (let i = 0; i < 400; i++) {
      await Promise.resolve();
      const value = i % 3 === 0 ? undefined : Buffer.from(`new ${i}`);
      acknowledged.push(storage.commit([{ key: `d${(i * 5) % 7}/k${i * 5}`, value }]).durable);
    }
    await Promise.all([compacted, ...acknowledged]);
    disk.crashAt = disk.operations + 1;
    expect(() => disk.readdir('data')).toThrow('EIO');
    storage = await open(await disk.crashed);
    for (let i = 0; i < 400; i++) {
      const { value } = await storage.get(`d${(i * 5) % 7}/k${i * 5}`);
      expect(value === undefined ? undefined : Buffer.from(value).toString()).toBe(i % 3 === 0 ? undefined : `new ${i}`);
    }
  });

  test('no snapshot is published that has seen a commit which is not on disk', async () => {
    const disk = disks();
    const { slow, hold, release } = heldDisk(disk);
    const { during, pause } = oncePaused();
    const storage = await openLog({ directory: 'data', disk: slow, cipher: testCipher(), options: { ballastBytes: 100, pause } });
    await write(storage, 3000);
    during.commit = () => {
      hold();
      storage.commit([{ key: 'd6/k6', value: undefined }]);
    };
    const compacted = storage.compact();
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect([during.commit, storage.stats().compactions]).toEqual([undefined, 0]);
    release();
    await compacted;
    expect(storage.stats().compactions).toBe(1);
  });

  test('no snapshot is published that has seen a commit which was rolled back', async () => {
    const disk = disks();
    const { slow, hold, release } = heldDisk(disk);
    const { during, pause } = oncePaused();
    const storage = await openLog({ directory: 'data', disk: slow, cipher: testCipher(), options: { ballastBytes: 100, pause } });
    await write(storage, 3000);
    const rolledBack: Promise<void>[] = [];
    during.commit = () => {
      hold();
      storage.commit([{ key: 'first', value: Buffer.of(1) }]);
      void Promise.resolve().then(() => rolledBack.push(storage.commit([{ key: 'd6/k6', value: Buffer.alloc(500_000) }]).durable));
    };
    const compacted = storage.compact();
    await new Promise<void>((resolve) => setImmediate(resolve));
    disk.capacity = disk.used + 400_000;
    release();
    await expect(rolledBack[0]).rejects.toMatchObject({ code: 'storage-full' });
    await compacted;
    const again = await open(disk.clone());
    expect((await again.get('d6/k6')).value?.[0]).toBe(6);
  });

  test('files that lost most of their values go', async () => {
    const disk = disks();
    const storage = await open(disk);
    await write(storage, 500);
    await storage.compact();
    const first = disk.readdir('data').filter((name) => name.startsWith('base-'));
    await write(storage, 400);
    await storage.compact();
    const left = disk.readdir('data').filter((name) => name.startsWith('base-'));
    for (const name of first) expect(left).not.toContain(name);
    expect(storage.stats().keys).toBe(500);
  });
});

describe('re-wrapping', () => {
  test('a job visits every value and page, after which the old keys are not needed', async () => {
    const disk = disks();
    const cipher = testCipher({ rewraps: true });
    let storage = await open(disk, {}, cipher);
    await write(storage, 600);
    await storage.compact();
    const before = await storage.get('d1/k1');
    await storage.commit([], undefined, keyring(2)).durable;
    cipher.keyring(Uint8Array.of(2));
    expect(await storage.compact({ rewrapAll: 2 })).toEqual({ rewrapDone: true });
    const after = await storage.get('d1/k1');
    expect([after.revision, after.value?.[0], before.value?.[0]]).toEqual([before.revision, 2, 1]);
    await storage.close();
    storage = await open(disk, {}, testCipher({ oldest: 2 }));
    for (let i = 0; i < 600; i++) expect((await storage.get(`d${i % 7}/k${i}`)).value?.[0]).toBe(2);
  });

  test('a value that does not open ends the job with its place, not the store', async () => {
    const disk = disks();
    const fatal: unknown[] = [];
    const rewrap = (key: string): undefined => {
      if (key === 'd3/k10') throw new Error('one uniform error');
    };
    const storage = await open(disk, { onFatal: (error) => fatal.push(error) }, { ...testCipher(), rewrap });
    await write(storage, 100);
    await expect(storage.compact({ rewrapAll: 2 })).rejects.toMatchObject({ code: 'internal', file: 'log-00000001' });
    expect(fatal).toEqual([]);
    expect((await storage.get('d3/k10')).value?.[0]).toBe(10);
    expect((await storage.get('d1/k1')).value?.[0]).toBe(1);
    await storage.commit([{ key: 'still', value: Buffer.of(1) }]).durable;
  });

  test('a job that was killed goes on at its cursor', async () => {
    const disk = disks();
    const cipher = testCipher({ rewraps: true });
    let storage = await open(disk, { rewrapBytesPerPass: 8000 }, cipher);
    await write(storage, 2000);
    await storage.compact();
    await storage.commit([], undefined, keyring(2)).durable;
    cipher.keyring(Uint8Array.of(2));
    const ended = storage.compact({ rewrapAll: 2 }).catch((error: unknown) => error);
    while (storage.stats().compactions < 3) await Promise.resolve();
    await storage.close();
    expect(await ended).toMatchObject({ code: 'unavailable' });

    const resumed = testCipher({ rewraps: true });
    let shown = 0;
    const counting = { ...resumed, rewrap: (key: string, value: Uint8Array) => (shown++, resumed.rewrap(key, value)) };
    storage = await open(disk, {}, counting);
    expect(storage.stats().rewrapJob).toBe(2);
    expect(await storage.compact({ rewrapAll: 2 })).toEqual({ rewrapDone: true });
    expect(shown).toBeLessThan(2000);
    expect(storage.stats().rewrapJob).toBeUndefined();
    for (let i = 0; i < 2000; i++) expect((await storage.get(`d${i % 7}/k${i}`)).value?.[0]).toBe(2);
  });

  test('commits that are queued when a new key is taken into use lie behind its record, however many they are', async () => {
    const disk = disks();
    const cipher = testCipher();
    const storage = await open(disk, {}, cipher);
    for (let i = 0; i < 4; i++) storage.commit([{ key: `big${i}`, value: Buffer.alloc(5_000_000) }]);
    cipher.keyring(Uint8Array.of(2));
    const last = storage.commit([], undefined, keyring(2));
    await storage.durable(1);
    const again = await open(disk.clone());
    expect(again.head()).toBe(last.revision);
    await last.durable;
  });

  test('a keyring record is given back at opening before anything that it opens, also when compaction has passed it', async () => {
    const disk = disks();
    const cipher = testCipher();
    const storage = await open(disk, {}, cipher);
    await storage.commit([{ key: 'a', value: Buffer.of(1) }], undefined, keyring(3)).durable;
    cipher.keyring(Uint8Array.of(3));
    await storage.commit([{ key: 'b', value: Buffer.of(1) }]).durable;
    expect(await (await open(disk.clone())).get('b')).toMatchObject({ revision: 2 });
    await storage.compact();
    await storage.close();
    const fresh = testCipher();
    expect(await (await open(disk, {}, fresh)).get('b')).toMatchObject({ revision: 2 });
    expect(fresh.version()).toBe(3);
  });
});
