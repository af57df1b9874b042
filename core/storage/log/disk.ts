/**
 * The calls of a disk that the log uses, and no others: so that a simulated one can fail each of them.
 * Reads and writes are synchronous, since they end in the page cache (1 µs); what waits for the device is a promise.
 */

/** An open file. Errors carry node's `code` (`ENOSPC`, `EIO`, …). */
export interface DiskFile {
  /** Current length in bytes. */
  size(): number;
  /** Reads into `target` from `position`; gives the bytes read, fewer than asked for only at the end of the file. */
  pread(target: Uint8Array, position: number): number;
  /** Writes from `source` at `position`; gives the bytes written, which may be fewer: the caller loops. */
  pwrite(source: Uint8Array, position: number): number;
  /** Cuts or extends the file to `length` bytes. */
  truncate(length: number): void;
  /** Resolves when data and length are on the device. */
  fdatasync(): Promise<void>;
  close(): void;
}

/** Directories and files. Paths are joined with `/`. */
export interface Disk {
  /** Makes a directory of mode 0700 unless it exists. */
  mkdir(path: string): void;
  /** Names in a directory, in no particular order. */
  readdir(path: string): readonly string[];
  /** Opens an existing file: `read`, or `write` for both. Throws `ENOENT`. */
  open(path: string, access: 'read' | 'write'): DiskFile;
  /** Makes a new empty file of mode 0600, for reading and writing. Throws `EEXIST`. */
  create(path: string): DiskFile;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Resolves when the names in the directory are on the device. */
  fsyncDirectory(path: string): Promise<void>;
  /** Takes the directory for this process alone until released or until the process dies. Throws when another holds it. */
  lock(directory: string): DiskLock;
}

/** A held lock. */
export interface DiskLock {
  release(): void;
}

/** Tells whether an error of the disk has this code. */
export function isDiskError(error: unknown, code: 'ENOSPC' | 'ENOENT' | 'EEXIST'): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === code || (code === 'ENOSPC' && error.code === 'EDQUOT');
}

/** Writes all of `source` at `position`, going on after short writes. Throws what the disk throws. */
export function writeFully(file: DiskFile, source: Uint8Array, position: number): void {
  let done = 0;
  while (done < source.byteLength) {
    const written = file.pwrite(done === 0 ? source : source.subarray(done), position + done);
    if (written <= 0) throw Object.assign(new Error('the disk took no bytes'), { code: 'EIO' });
    done += written;
  }
}

/** Reads `length` bytes at `position`; fewer when the file ends before. */
export function readFully(file: DiskFile, position: number, length: number): Buffer {
  const target = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = file.pread(done === 0 ? target : target.subarray(done), position + done);
    if (read === 0) return target.subarray(0, done);
    done += read;
  }
  return target;
}
