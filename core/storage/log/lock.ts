/**
 * One process at a time holds a directory. Node has no flock; SQLite's exclusive transaction takes a kernel lock on a file,
 * which is gone when the process is, however it dies. A pid file cannot say that.
 */
import { DatabaseSync } from 'node:sqlite';
import { chmodSync, closeSync, openSync } from 'node:fs';
import { StrongroomError } from '../../errors.ts';
import type { DiskLock } from './disk.ts';

/** Locks `directory` by its file `lock`. Throws `unavailable`, naming the directory, when another process has it. */
export function lockDirectory(directory: string): DiskLock {
  const path = `${directory}/lock`;
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new StrongroomError('unavailable', `another strongroom holds the storage directory ${directory}`, { cause });
  }
  return {
    release: () => {
      if (database.isOpen) database.close();
    },
  };
}
