/** Appends batches to a file. */
import type { FileHandle } from 'node:fs/promises';
import type { AuditSink } from '@strongroom/sdk-plugin';
import { Archive } from './archive.ts';
import { openLog, type Disk } from './disk.ts';
import { readEnding } from './last-line.ts';
import type { FileSinkOptions } from './options.ts';

/** What the sink takes from outside. */
export interface FileSinkWorld {
  readonly disk: Disk;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface OpenLog {
  readonly handle: FileHandle;
  bytes: number;
  /** The file does not end in a newline: the next batch begins with one. */
  torn: boolean;
  /** When the file began, milliseconds since 1970. */
  readonly since: number;
}

/** Opens the sink. Rejects when the file cannot be opened for appending. */
export async function openFileSink(options: FileSinkOptions, world: FileSinkWorld): Promise<AuditSink> {
  const sink = new FileSink(options, world);
  await sink.reopen();
  return sink;
}

class FileSink implements AuditSink {
  readonly #options: FileSinkOptions;
  readonly #world: FileSinkWorld;
  readonly #mode: number;
  readonly #archive: Archive;
  #log: OpenLog | undefined;
  #broken = false;
  #syncing: Promise<void> = Promise.resolve();

  constructor(options: FileSinkOptions, world: FileSinkWorld) {
    const { path, mode = '0600', keep_files: keepFiles = 0, keep_seconds: keepSeconds = 0, compress = false } = options;
    this.#options = options;
    this.#world = world;
    this.#mode = Number.parseInt(mode, 8);
    this.#archive = new Archive({ path, mode: this.#mode, keepFiles, keepSeconds, compress, now: world.now });
  }

  append(lines: Uint8Array): Promise<void> | void {
    if (this.#broken) throw brokenError();
    const log = this.#log;
    if (log === undefined || this.#isFull(log, lines.length)) return this.#appendToNext(lines);
    this.#write(log, lines);
    return this.#options.sync === 'all' ? this.sync() : undefined;
  }

  async #appendToNext(lines: Uint8Array): Promise<void> {
    this.#write(await this.#next(), lines);
    if (this.#options.sync === 'all') await this.sync();
  }

  #write(log: OpenLog, lines: Uint8Array): void {
    const bytes = log.torn ? Buffer.concat([newline, lines]) : lines;
    // Until all of it is written, a part may be.
    log.torn = true;
    this.#world.disk.append(log.handle.fd, bytes);
    log.torn = false;
    log.bytes += bytes.length;
  }

  /** Every file before this one was synced when it was closed. */
  sync(): Promise<void> {
    if (this.#broken) return Promise.reject(brokenError());
    this.#syncing = this.#log === undefined ? Promise.resolve() : this.#sync(this.#log);
    return this.#syncing;
  }

  async lastLine(accept?: (line: string) => boolean): Promise<string | undefined> {
    const log = this.#log ?? (await this.#open());
    return (await readEnding(log.handle, accept)).lastLine ?? (await this.#archive.lastLine(accept));
  }

  async reopen(): Promise<void> {
    await this.#close();
    await this.#open();
    this.#archive.tidy();
  }

  async close(): Promise<void> {
    await this.#close();
    await this.#archive.settled();
  }

  async #open(): Promise<OpenLog> {
    const handle = await openLog(this.#options.path, this.#mode);
    try {
      const { size, birthtimeMs } = await handle.stat();
      const { torn } = await readEnding(handle);
      this.#log = { handle, bytes: size, torn, since: size > 0 && birthtimeMs > 0 ? birthtimeMs : this.#world.now() };
      return this.#log;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Tells whether the file would grow too large, or is too old. */
  #isFull(log: OpenLog, coming: number): boolean {
    const { rotate_bytes: bytesMax = 0, rotate_seconds: secondsMax = 0 } = this.#options;
    if (log.bytes === 0) return false;
    return (bytesMax > 0 && log.bytes + coming > bytesMax) || (secondsMax > 0 && this.#world.now() - log.since >= secondsMax * 1000);
  }

  /** Closes the file, if one is open, and opens the next. A file that cannot be renamed is written on. */
  async #next(): Promise<OpenLog> {
    if (this.#log === undefined) return this.#open();
    await this.#close();
    await this.#archive.take().catch(() => undefined);
    const next = await this.#open();
    this.#archive.tidy();
    return next;
  }

  /** What the kernel could not write once it may claim to have written the next time: after a failure nothing is believed any more. */
  async #sync(log: OpenLog): Promise<void> {
    try {
      await this.#world.disk.sync(log.handle.fd);
    } catch (cause) {
      this.#broken = true;
      throw brokenError(cause);
    }
  }

  async #close(): Promise<void> {
    const log = this.#log;
    if (!log) return;
    this.#log = undefined;
    await this.#syncing.catch(() => undefined);
    try {
      if (!this.#broken) await this.#sync(log);
    } finally {
      await log.handle.close();
    }
  }
}

const newline = Buffer.from('\n');

function brokenError(cause?: unknown): Error {
  return new Error('the audit file could not be synced; it is not written any more until the server is restarted', { cause });
}
