/**
 * The closed files beside a log.
 *
 *     audit.log                                 the one that is written
 *     audit.log.20261121T104407123Z-0000        closed at that time; names sort by age
 *     audit.log.20261121T104407123Z-0000.zst    the same, compressed
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { syncDirectory } from './disk.ts';
import { lastLineCompressed, readEnding, type Accept } from './last-line.ts';

/** What to do with closed files. */
export interface ArchiveOptions {
  readonly path: string;
  readonly mode: number;
  /** 0 for all. */
  readonly keepFiles: number;
  /** 0 for good. */
  readonly keepSeconds: number;
  readonly compress: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface ClosedFile {
  readonly name: string;
  /** `20261121T104407123Z` */
  readonly stamp: string;
  readonly count: number;
  readonly compressed: boolean;
}

/** Closes, compresses, removes and reads back the files of one log. */
export class Archive {
  readonly #options: ArchiveOptions;
  readonly #directory: string;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#directory = dirname(options.path);
  }

  /** Renames the log, which must be closed and synced, so that its name sorts after all others, whatever the clock did. */
  async take(): Promise<void> {
    const newest = (await this.#closed()).at(-1);
    const now = stampOf(this.#options.now());
    const later = !newest || newest.stamp < now;
    const suffix = later ? `${now}-0000` : `${newest.stamp}-${String(newest.count + 1).padStart(4, '0')}`;
    await rename(this.#options.path, `${this.#options.path}.${suffix}`);
    await syncDirectory(this.#options.path);
  }

  /** Removes and compresses in the background, one file at a time. A file that cannot be compressed stays as it is and is tried again next time. */
  tidy(): void {
    this.#work = this.#work.then(() => this.#tidy()).catch(() => undefined);
  }

  /** Waits for the background work. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** The last accepted line of the newest closed file that has one. */
  async lastLine(accept: Accept | undefined): Promise<string | undefined> {
    for (const file of (await this.#closed()).toReversed()) {
      const path = join(this.#directory, file.name);
      const line = file.compressed ? await lastLineCompressed(path, accept) : await lastLinePlain(path, accept);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  async #tidy(): Promise<void> {
    const { path, keepFiles, keepSeconds, compress, now } = this.#options;
    await this.#removeLeftovers();
    const files = await this.#closed();
    const expired = keepSeconds > 0 ? stampOf(now() - keepSeconds * 1000) : '';
    const kept = files.filter((file, index) => (keepFiles === 0 || index >= files.length - keepFiles) && file.stamp >= expired);
    for (const file of files) if (!kept.includes(file)) await unlink(join(this.#directory, file.name));
    if (compress) for (const file of kept) if (!file.compressed) await this.#compress(join(this.#directory, file.name));
    await syncDirectory(path);
  }

  /** What a crash during compression leaves: half a compressed file, or a plain one beside its whole compressed form. */
  async #removeLeftovers(): Promise<void> {
    const prefix = `${basename(this.#options.path)}.`;
    const names = new Set(await readdir(this.#directory));
    for (const name of names) {
      const plain = name.endsWith('.zst.tmp') ? name.slice(0, -'.zst.tmp'.length) : name;
      const ours =
        name.startsWith(prefix) &&
        closedName.exec(plain.slice(prefix.length))?.[3] === undefined &&
        closedName.test(plain.slice(prefix.length));
      if (ours && (name !== plain || names.has(`${name}.zst`))) await unlink(join(this.#directory, name));
    }
  }

  async #compress(path: string): Promise<void> {
    const temporary = `${path}.zst.tmp`;
    await pipeline(createReadStream(path), createZstdCompress(), createWriteStream(temporary, { mode: this.#options.mode, flags: 'wx' }));
    await chmod(temporary, this.#options.mode);
    const handle = await open(temporary, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, `${path}.zst`);
    await syncDirectory(path);
    await unlink(path);
  }

  /** Closed files, oldest first; of a file and its compressed form only the latter, the former being left over from a crash. */
  async #closed(): Promise<ClosedFile[]> {
    const prefix = `${basename(this.#options.path)}.`;
    const files = (await readdir(this.#directory)).flatMap((name) => {
      const found = name.startsWith(prefix) ? closedName.exec(name.slice(prefix.length)) : null;
      return found ? [{ name, stamp: found[1] ?? '', count: Number(found[2]), compressed: found[3] !== undefined }] : [];
    });
    const compressed = new Set(files.filter((file) => file.compressed).map((file) => file.name));
    const distinct = files.filter((file) => file.compressed || !compressed.has(`${file.name}.zst`));
    return distinct.sort((a, b) => (a.stamp === b.stamp ? a.count - b.count : a.stamp < b.stamp ? -1 : 1));
  }
}

const closedName = /^(\d{8}T\d{9}Z)-(\d{4,})(\.zst)?$/u;

function stampOf(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-:.]/gu, '');
}

async function lastLinePlain(path: string, accept: Accept | undefined): Promise<string | undefined> {
  const handle = await open(path, 'r');
  try {
    return (await readEnding(handle, accept)).lastLine;
  } finally {
    await handle.close();
  }
}
