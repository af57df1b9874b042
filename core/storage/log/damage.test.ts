/**
 * What was written is what is read, or the start stops and says where: nothing damaged, cut, moved or taken from an earlier time is
 * served or reported as absent. (What cannot be seen: a tail cut back at a frame's end, and a whole directory taken back.)
 */
import { describe, expect, test } from 'vitest';
import { checkDirectory, type CheckReport } from './check.ts';
import { FileSet } from './files.ts';
import { Damage } from './format.ts';
import { openRecord } from './load.ts';
import type { LogStorage } from './log-storage.ts';
import { readManifest } from './manifest.ts';
import { openLog } from './open.ts';
import { decodeTable } from './page-table.ts';
import { seededRandom, SimulatedDisk } from './simulated-disk.ts';
import { testCipher } from './test-cipher.ts';

const directory = 'data';

function open(disk: SimulatedDisk): Promise<LogStorage> {
  return openLog({ directory, disk, cipher: testCipher(), options: { ballastBytes: 100, pause: () => Promise.resolve() } });
}

async function fill(storage: LogStorage, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const value = Buffer.from(`value ${i} `.repeat(4));
    await storage.commit([{ key: `k/${i % 20}`, value }, ...(i % 7 === 0 ? [{ key: `gone/${i}`, value: undefined }] : [])]).durable;
  }
}

/** A directory with two base files and a tail of some frames; `closed` ends it with a close frame. */
async function build(closed: boolean): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(seededRandom(7));
  const storage = await open(disk);
  await fill(storage, 0, 30);
  await storage.compact();
  await fill(storage, 30, 34);
  await storage.compact();
  await fill(storage, 34, 38);
  if (closed) await storage.close();
  return disk.clone();
}

function files(disk: SimulatedDisk, kind: string): string[] {
  return disk
    .readdir(directory)
    .filter((name) => name.startsWith(kind) && disk.bytes(`${directory}/${name}`).length > 0)
    .map((name) => `${directory}/${name}`)
    .sort();
}

function only(disk: SimulatedDisk, kind: string): string {
  return files(disk, kind).at(-1) ?? '';
}

type Found = { readonly head: number; readonly state: Record<string, string> };

async function read(disk: SimulatedDisk): Promise<Found | Damage> {
  try {
    const storage = await open(disk);
    const state: Record<string, string> = {};
    for (const base of ['k/', 'gone/']) {
      const { names } = await storage.list(base, '', 1000);
      for (const name of names) state[base + name] = Buffer.from((await storage.get(base + name)).value ?? []).toString();
    }
    return { head: storage.head(), state };
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
}

function frameStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf('SRFRAME1'); at !== -1; at = bytes.indexOf('SRFRAME1', at + 1)) starts.push(at);
  return starts;
}

function flip(disk: SimulatedDisk, path: string, at: number): SimulatedDisk {
  const copy = disk.clone();
  const bytes = Buffer.from(copy.bytes(path));
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
  copy.tamper(path, bytes);
  return copy;
}

function check(disk: SimulatedDisk, keys: boolean): CheckReport {
  return checkDirectory({ directory, disk, ...(keys ? { cipher: testCipher() } : {}) });
}

describe('damage', () => {
  test('an undamaged directory reads and checks clean', async () => {
    const disk = await build(true);
    expect(await read(disk.clone())).toMatchObject({ head: 38 });
    expect(check(disk, false)).toMatchObject({ problems: [], head: 38, tornBytes: 0, keys: undefined });
    expect(check(disk, true)).toMatchObject({ problems: [], keys: 20 });
  });

  test('a bit flipped anywhere in a closed log is reported with its file, or lies in the close frame alone', async () => {
    const disk = await build(true);
    const good = await read(disk.clone());
    const log = only(disk, 'log-');
    const { length } = disk.bytes(log);
    const closeFrame = disk.bytes(log).lastIndexOf('SRFRAME1');
    for (let at = 0; at < length; at++) {
      const found = await read(flip(disk, log, at));
      expect(found).toMatchObject(at >= closeFrame ? good : { file: log.slice(directory.length + 1) });
    }
  });

  test('a bit flipped anywhere in the manifest stops the start', async () => {
    const disk = await build(true);
    const path = `${directory}/manifest`;
    for (let at = 0; at < disk.bytes(path).length; at++) expect(await read(flip(disk, path, at))).toMatchObject({ file: 'manifest' });
  });

  test('a bit flipped in any place of a base file is found by the check without keys, and never read as something else', async () => {
    const disk = await build(true);
    const good = await read(disk.clone());
    const bases = files(disk, 'base-');
    expect(bases.length).toBeGreaterThan(1);
    const harmed = { yes: 0, no: 0 };
    for (const path of bases) {
      const file = path.slice(directory.length + 1);
      for (let at = 0; at < disk.bytes(path).length; at += 3) {
        const copy = flip(disk, path, at);
        const { problems } = check(copy.clone(), false);
        const found = await read(copy);
        if (found instanceof Damage) harmed.yes++;
        else harmed.no++;
        expect({ found: problems.map((problem) => problem.file), read: found instanceof Damage ? file : found }).toEqual({
          found: [file],
          read: found instanceof Damage ? found.file : good,
        });
      }
    }
    expect(harmed.yes).toBeGreaterThan(harmed.no); // what is not read is garbage: pages and values that were replaced
  });

  test('a tail torn at any byte begins with the frames before it, and goes on', async () => {
    const disk = await build(false);
    const log = only(disk, 'log-');
    const bytes = Buffer.from(disk.bytes(log));
    const starts = frameStarts(bytes);
    const ends = [...starts.slice(1), bytes.length];
    for (let length = starts[2] ?? 0; length < bytes.length; length++) {
      const whole = ends.filter((end) => end <= length).length;
      const copy = disk.clone();
      copy.tamper(log, bytes.subarray(0, length));
      const storage = await open(copy);
      const head = storage.head();
      expect(head).toBe(34 + whole);
      await storage.commit([{ key: 'after', value: Buffer.from('the cut') }]).durable;
      expect(await read(copy.clone())).toMatchObject({ head: head + 1 });
    }
  });

  test('a torn tail of garbage or zeros is cut off', async () => {
    const disk = await build(false);
    const log = only(disk, 'log-');
    for (const tail of [Buffer.alloc(5000), Buffer.alloc(5000, 'SRFRAME1'), Buffer.from('x')]) {
      const copy = disk.clone();
      copy.tamper(log, Buffer.concat([disk.bytes(log), tail]));
      expect(check(copy.clone(), true)).toMatchObject({ problems: [], tornBytes: tail.length });
      expect(await read(copy)).toMatchObject({ head: 38 });
    }
  });

  test('frames that change places, are left out or repeat stop the start', async () => {
    const disk = await build(true);
    const log = only(disk, 'log-');
    const bytes = Buffer.from(disk.bytes(log));
    const starts = frameStarts(bytes);
    const [first, second, a, b, ...rest] = starts.map((start, i) => bytes.subarray(start, starts[i + 1]));
    const before = Buffer.concat([bytes.subarray(0, starts[0]), first ?? bytes, second ?? bytes]);
    if (a === undefined || b === undefined) throw new Error('there are too few frames');
    expect(a.length).toBe(b.length);
    for (const order of [
      [b, a, ...rest],
      [a, a, ...rest],
      [Buffer.alloc(a.length), b, ...rest],
    ]) {
      const copy = disk.clone();
      copy.tamper(log, Buffer.concat([before, ...order]));
      expect(await read(copy)).toMatchObject({ code: 'internal', file: log.slice(directory.length + 1) });
    }
  });

  test('a missing, swapped, older or cut file stops the start', async () => {
    const disk = await build(true);
    const [one = '', two = ''] = files(disk, 'base-');
    const log = only(disk, 'log-');
    const older = new SimulatedDisk(seededRandom(7));
    await (await open(older)).close();
    const cases: [string, Uint8Array | undefined][] = [
      [one, undefined],
      [two, undefined],
      [log, undefined],
      [one, disk.bytes(two)],
      [two, disk.bytes(one)],
      [one, disk.bytes(one).subarray(0, -1)],
      [one, Buffer.concat([disk.bytes(one), Buffer.alloc(1)])],
      [log, older.bytes(only(older, 'log-'))],
      [`${directory}/manifest`, undefined],
      [`${directory}/manifest`, older.bytes(`${directory}/manifest`)],
    ];
    for (const [path, content] of cases) {
      const copy = disk.clone();
      copy.tamper(path, content);
      expect(check(copy.clone(), true).problems).not.toEqual([]);
      expect(await read(copy)).toMatchObject({ code: 'internal' });
    }
  });

  test('a log file missing in the middle of the tail stops the start', async () => {
    const disk = new SimulatedDisk(seededRandom(9));
    let storage = await open(disk);
    await fill(storage, 0, 3);
    // Rotations whose manifest never came: the power fails just before.
    for (let i = 0; i < 2; i++) {
      disk.capacity = disk.used + 150;
      await expect(storage.compact()).rejects.toMatchObject({ code: 'storage-full' });
      disk.capacity = Number.POSITIVE_INFINITY;
      await fill(storage, 3 + i, 4 + i);
    }
    await storage.close();
    const logs = files(disk, 'log-');
    expect(logs.length).toBe(3);
    const copy = disk.clone();
    copy.tamper(logs[1] ?? '', undefined);
    expect(await read(copy)).toMatchObject({ code: 'internal' });
    storage = await open(disk);
    expect(storage.head()).toBe(5);
  });

  test('bytes left over from an earlier life behind a cut are not taken for frames', async () => {
    const disk = new SimulatedDisk(seededRandom(3));
    let storage = await open(disk);
    await fill(storage, 0, 2);
    await storage.commit([{ key: 'long', value: Buffer.alloc(4000, 'x') }]).durable;
    const log = only(disk, 'log-');
    const torn = Buffer.from(disk.bytes(log));
    torn[torn.length - 40] = 0;
    const copy = disk.clone();
    copy.tamper(log, torn);
    storage = await open(copy);
    expect(storage.head()).toBe(2);
    await storage.commit([{ key: 'short', value: Buffer.from('s') }]).durable;
    expect(copy.bytes(log).length).toBeLessThan(torn.length);
    expect(await read(copy.clone())).toMatchObject({ head: 3 });
  });

  test('an older value put in the place of a newer one is not served', async () => {
    const disk = new SimulatedDisk(seededRandom(5));
    const storage = await open(disk);
    await storage.commit([{ key: 'k', value: Buffer.from('old secret') }]).durable;
    await storage.commit([{ key: 'k', value: Buffer.from('new secret') }]).durable;
    await storage.compact();
    await storage.close();
    const base = only(disk, 'base-');
    const bytes = Buffer.from(disk.bytes(base));
    bytes.set(Buffer.from('old'), bytes.indexOf('new secret'));
    disk.tamper(base, bytes);
    const again = await open(disk);
    expect(() => again.get('k')).toThrow('not the one that was written');
  });

  test('an index page in the place of another does not open', async () => {
    const disk = new SimulatedDisk(seededRandom(5));
    const storage = await open(disk);
    await storage.commit(Array.from({ length: 2000 }, (_, i) => ({ key: `k${10_000 + i}`, value: Buffer.of(1) }))).durable;
    await storage.compact();
    await storage.close();
    const manifest = readManifest(disk, directory);
    if (manifest?.table === undefined) throw new Error('there is no table');
    const set = new FileSet(disk, directory);
    set.open('base', manifest.table.file);
    const { rows } = decodeTable(openRecord(set, testCipher(), manifest.lineage, 'table', manifest.table));
    const [a, b] = rows.slice(-3, -1).map(({ stored }) => stored);
    if (a === undefined || b === undefined) throw new Error('there are too few pages');
    expect(a.length).toBe(b.length);
    const base = only(disk, 'base-');
    const bytes = Buffer.from(disk.bytes(base));
    bytes.copy(bytes, a.offset, b.offset, b.offset + b.length);
    disk.tamper(base, bytes);
    const again = await open(disk);
    expect(() => again.get(rows.at(-3)?.first ?? '')).toThrow('the index page does not open');
  });

  test('other keys do not open a directory', async () => {
    const disk = await build(true);
    const cipher = { ...testCipher(), isMac: () => false };
    await expect(openLog({ directory, disk, cipher })).rejects.toMatchObject({ code: 'internal', file: 'manifest' });
  });
});
