/** The shape of storage keys, and the bounds of one commit: checked by every store before anything is written. */
import { StrongroomError } from '../errors.ts';
import type { Write } from './types.ts';
import { commitBounds } from './types.ts';

/** Gives the directory that lists a key: 'a/b/' for 'a/b/c', '' for 'a'. */
export function parentOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/** Gives the first string that sorts after everything in a directory: '0' is the character after '/'. */
export function pastDirectory(directory: string): string {
  return `${directory.slice(0, -1)}0`;
}

/** Gives where the listing of `directory` goes on after the name `after`: the first key is at or behind it. */
export function listingStart(directory: string, after: string): string {
  if (after === '') return directory;
  return after.endsWith('/') ? pastDirectory(directory + after) : `${directory}${after}\0`;
}

function refuse(message: string): never {
  throw new StrongroomError('invalid', message);
}

/** Checks one key: not empty, no empty segment, well-formed UTF-16, at most 8192 bytes as UTF-8. Throws `invalid` or `too-large`. */
function checkKey(key: string): void {
  if (key === '' || key.startsWith('/') || key.endsWith('/') || key.includes('//')) {
    refuse('a storage key consists of one or more non-empty segments');
  }
  if (!key.isWellFormed()) refuse('a storage key must be well-formed Unicode');
  const { keyBytesMax } = commitBounds;
  if (key.length * 3 > keyBytesMax && Buffer.byteLength(key) > keyBytesMax) {
    throw new StrongroomError('too-large', `a storage key may have at most ${keyBytesMax} bytes`);
  }
}

/**
 * Checks the writes of one commit against `commitBounds` and gives their size in bytes (keys and values).
 * @throws StrongroomError `too-large`, or `invalid` for a bad key or one that occurs twice
 */
export function checkWrites(writes: readonly Write[]): number {
  const { writesMax, bytesMax } = commitBounds;
  if (writes.length > writesMax) throw new StrongroomError('too-large', `a commit may have at most ${writesMax} writes`);
  let bytes = 0;
  for (const { key, value } of writes) {
    checkKey(key);
    bytes += key.length + (value?.byteLength ?? 0);
  }
  if (bytes > bytesMax) throw new StrongroomError('too-large', `a commit may have at most ${bytesMax} bytes`);
  if (writes.length > 1 && new Set(writes.map((write) => write.key)).size < writes.length) {
    refuse('a key may occur only once in a commit');
  }
  return bytes;
}
