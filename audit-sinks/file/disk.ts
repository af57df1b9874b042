/** The few file operations that the sink is made of: each does all of what its name says, or throws. */
import { constants, fdatasync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Operations on an open log. Passed in, so that tests can make them fail. */
export interface Disk {
  /** Writes all bytes at the end; a short write goes on. Throws what write(2) fails with. */
  append(fd: number, bytes: Uint8Array): void;
  /** fdatasync. */
  sync(fd: number): Promise<void>;
}

/**
 * The real disk. An append goes to the page cache in 3 µs; by way of a thread of the pool it would take 40 µs of CPU, which at 10,000 requests
 * a second is the largest part of each. Only the sync waits for the device, and that is done by the pool.
 */
export const disk: Disk = {
  append: (fd, bytes) => {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  },
  sync: (fd) => new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
};

/**
 * Opens a log for appending, with exactly this mode whatever the umask; a new file's directory is synced.
 * Refuses what is not a regular file: a device or pipe could not give its last line back.
 */
export async function openLog(path: string, mode: number): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('the path of the audit log is not a regular file');
    await handle.chmod(mode);
    await syncDirectory(path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Makes names in the directory of `path` durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(dirname(path), 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
