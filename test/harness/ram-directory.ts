/** Temporary directories for tests to which a real disk only adds time. */
import { mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const bytesWanted = 536_870_912;

/** Makes a directory in memory where there is enough of it, else where temporary files go. */
export function ramDirectory(prefix: string): string {
  return mkdtempSync(join(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir(), prefix));
}

function hasRoom(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= bytesWanted;
  } catch {
    return false;
  }
}
