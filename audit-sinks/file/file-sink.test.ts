import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { AuditSink } from '@strongroom/sdk-plugin';
import { auditSinkContract } from '@strongroom/sdk-plugin/testing/audit-sink-contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { disk, type Disk } from './disk.ts';
import { openFileSink } from './file-sink.ts';
import type { FileSinkOptions } from './options.ts';
import fileSink from './index.ts';

/** A disk whose next write can be made to stop short, and whose syncs are counted and can fail. */
class FaultyDisk implements Disk {
  failAfter: number | undefined;
  syncs = 0;
  syncFails = false;

  append(fd: number, bytes: Uint8Array): void {
    const after = this.failAfter;
    this.failAfter = undefined;
    if (after === undefined) return disk.append(fd, bytes);
    disk.append(fd, bytes.subarray(0, after));
    throw new Error('ENOSPC');
  }

  async sync(fd: number): Promise<void> {
    this.syncs++;
    if (this.syncFails) throw new Error('EIO');
    await disk.sync(fd);
  }
}

let directory = '';
let path = '';
let faulty = new FaultyDisk();
let clock = 0;
const opened: AuditSink[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-sink-'));
  path = join(directory, 'audit.log');
  faulty = new FaultyDisk();
  clock = Date.UTC(2026, 10, 21);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sink) => sink.close().catch(() => undefined)));
  await rm(directory, { recursive: true, force: true });
});

async function open(options: Omit<FileSinkOptions, 'path'> = {}): Promise<AuditSink> {
  const sink = await openFileSink({ path, ...options }, { disk: faulty, now: () => clock });
  opened.push(sink);
  return sink;
}

async function append(sink: AuditSink, text: string, sync = false): Promise<void> {
  await sink.append(Buffer.from(`${text}\n`));
  if (sync) await sink.sync();
}

auditSinkContract('file', async () => {
  const own = await mkdtemp(join(tmpdir(), 'file-sink-'));
  const world = { disk: new FaultyDisk(), now: () => 0 };
  return {
    open: () => openFileSink({ path: join(own, 'audit.log') }, world),
    written: () => readFile(join(own, 'audit.log'), 'utf8'),
    failNext: (bytes) => void (world.disk.failAfter = bytes),
    restarts: true,
    remove: () => rm(own, { recursive: true }),
  };
});

test('is found by its default export', () => {
  expect(fileSink).toMatchObject({ kind: 'audit-sink', name: 'file', optionsSchema: { required: ['path'] } });
});

test('the file is 0600 whatever the umask and whatever it was', async () => {
  await writeFile(path, '', { mode: 0o666 });
  const before = process.umask(0);
  try {
    await open();
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
  } finally {
    process.umask(before);
  }
});

test('refuses a directory, a link and a missing directory', async () => {
  await expect(openFileSink({ path: directory }, { disk, now: () => 0 })).rejects.toThrow(/.+/u);
  await symlink(join(directory, 'elsewhere'), path);
  await expect(open()).rejects.toThrow('ELOOP');
  expect(existsSync(join(directory, 'elsewhere'))).toBe(false);
  await expect(openFileSink({ path: join(directory, 'no', 'x') }, { disk, now: () => 0 })).rejects.toThrow('ENOENT');
});

describe('syncing', () => {
  test('changes: only what is asked for is synced', async () => {
    const sink = await open();
    await append(sink, 'read');
    expect(faulty.syncs).toBe(0);
    await append(sink, 'change', true);
    expect(faulty.syncs).toBe(1);
  });

  test('all: every batch is', async () => {
    const sink = await open({ sync: 'all' });
    await append(sink, 'read');
    expect(faulty.syncs).toBe(1);
  });

  test('after one failure nothing is believed any more, also not after reopen', async () => {
    const sink = await open();
    faulty.syncFails = true;
    await expect(append(sink, 'a', true)).rejects.toThrow('could not be synced');
    faulty.syncFails = false;
    await expect(append(sink, 'b', true)).rejects.toThrow('could not be synced');
    await sink.reopen();
    await expect(append(sink, 'c')).rejects.toThrow('could not be synced');
    expect(await readFile(path, 'utf8')).toBe('a\n');
  });
});

describe('the end of the file', () => {
  test.each([
    ['', undefined],
    ['torn', undefined],
    ['one\n', 'one'],
    ['one\ntwo\n', 'two'],
    ['one\ntwo\ntorn', 'two'],
    ['one\n\n', ''],
    ['\n', ''],
    [`one\n${'x'.repeat(200_000)}\n`, 'x'.repeat(200_000)],
    [`one\n${'x'.repeat(65_536)}\ntorn`, 'x'.repeat(65_536)],
    [`${'y'.repeat(65_535)}\n${'x'.repeat(65_535)}\n`, 'x'.repeat(65_535)],
    [`é\n${'t'.repeat(200_000)}`, 'é'],
  ])('%j: the last complete line', async (text, expected) => {
    await writeFile(path, text);
    expect(await (await open()).lastLine()).toBe(expected);
  });

  test('a torn tail of the run before gets a newline first', async () => {
    await writeFile(path, 'one\ntor');
    await append(await open(), 'two');
    expect(await readFile(path, 'utf8')).toBe('one\ntor\ntwo\n');
  });
});

describe('rotation', () => {
  test('by size: no file is larger than the bound, no line is split or lost', async () => {
    const sink = await open({ rotate_bytes: 100 });
    for (let index = 0; index < 50; index++) await append(sink, `line ${index} ${'x'.repeat(index % 30)}`);
    await sink.close();
    const files = (await readdir(directory)).sort();
    const closed = files.filter((name) => name !== 'audit.log');
    expect(closed.length).toBeGreaterThan(8);
    const texts = await Promise.all([...closed, 'audit.log'].map((name) => readFile(join(directory, name), 'utf8')));
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(100);
    expect(
      texts
        .join('')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[1]),
    ).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
  });

  test('names sort by age even when the clock stands still or goes back', async () => {
    const sink = await open({ rotate_bytes: 1 });
    for (const step of [0, 0, -5000, 0, 3000]) {
      clock += step;
      await append(sink, String(clock));
    }
    await append(sink, 'last');
    await sink.close();
    const closed = (await readdir(directory)).filter((name) => name !== 'audit.log').sort();
    const texts = await Promise.all(closed.map((name) => readFile(join(directory, name), 'utf8')));
    const start = Date.UTC(2026, 10, 21);
    expect(texts).toEqual([start, start, start - 5000, start - 5000, start - 2000].map((time) => `${time}\n`));
  });

  test('by age', async () => {
    const sink = await open({ rotate_seconds: 60 });
    await append(sink, 'a');
    clock += 59_999;
    await append(sink, 'b');
    clock += 1;
    await append(sink, 'c');
    expect(await readFile(path, 'utf8')).toBe('c\n');
  });

  test('the last line is found in a closed file when the current one is empty', async () => {
    for (const compress of [false, true]) {
      const sink = await open({ rotate_bytes: 1, compress });
      await append(sink, `one ${compress}`);
      await append(sink, `two ${compress}`);
      await sink.close();
      await truncate(path, 0);
      expect(await (await open()).lastLine()).toBe(`one ${compress}`);
    }
  });

  test('closed files are compressed whole, 0600, and the plain ones removed', async () => {
    const sink = await open({ rotate_bytes: 1, compress: true });
    const text = 'x'.repeat(300_000);
    await append(sink, text);
    await append(sink, 'next');
    await sink.close();
    const closed = (await readdir(directory)).filter((name) => name !== 'audit.log');
    expect(closed).toEqual([expect.stringMatching(/^audit\.log\.20261121T000000000Z-0000\.zst$/u)]);
    const file = join(directory, closed[0] ?? '');
    expect(zstdDecompressSync(await readFile(file)).toString()).toBe(`${text}\n`);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
  });

  test('what a crash during compression left is cleared up, and the file compressed again', async () => {
    const name = 'audit.log.20261121T000000000Z-0000';
    await writeFile(join(directory, name), 'old\n');
    await writeFile(join(directory, `${name}.zst.tmp`), 'half');
    await writeFile(join(directory, 'audit.log.mine.zst.tmp'), 'not ours');
    const sink = await open({ compress: true });
    await sink.close();
    expect((await readdir(directory)).sort()).toEqual(['audit.log', `${name}.zst`, 'audit.log.mine.zst.tmp']);
    expect(zstdDecompressSync(await readFile(join(directory, `${name}.zst`))).toString()).toBe('old\n');
  });

  test('only so many closed files are kept', async () => {
    const sink = await open({ rotate_bytes: 1, keep_files: 2 });
    for (let index = 0; index < 6; index++) await append(sink, String(index));
    await sink.close();
    const files = (await readdir(directory)).sort();
    expect(files).toHaveLength(3);
    expect(await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')))).toEqual(['5\n', '3\n', '4\n']);
  });

  test('closed files are kept so long, and nothing else in the directory is touched', async () => {
    await writeFile(join(directory, 'audit.log.bak'), 'mine');
    await writeFile(join(directory, 'audit.log.20200101T000000000Z-0000x'), 'mine');
    const sink = await open({ rotate_bytes: 1, keep_seconds: 60 });
    await append(sink, 'old');
    await append(sink, 'newer');
    clock += 61_000;
    await append(sink, 'newest');
    await append(sink, 'current');
    await sink.close();
    const files = (await readdir(directory)).sort();
    expect(files).toContain('audit.log.bak');
    expect(files).toContain('audit.log.20200101T000000000Z-0000x');
    expect(files.filter((name) => /Z-\d+$/u.test(name))).toHaveLength(2);
  });

  test('by someone else: reopen goes on in a new file', async () => {
    const sink = await open();
    await append(sink, 'a');
    await rename(path, join(directory, 'moved'));
    await append(sink, 'b');
    await sink.reopen();
    await append(sink, 'c');
    expect(await readFile(join(directory, 'moved'), 'utf8')).toBe('a\nb\n');
    expect(await readFile(path, 'utf8')).toBe('c\n');
  });
});
