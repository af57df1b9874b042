/**
 * Verifies a stopped directory. Without keys: the manifest's hash, every base file against the manifest, the chain of frames.
 * With them also: the manifest's MAC, the names of every frame, every index page, every value's check, and, if the caller can, the
 * value itself. Changes nothing.
 */
import { createHash } from 'node:crypto';
import type { LogCipher } from '../cipher.ts';
import { type Disk, isDiskError, readFully } from './disk.ts';
import { Damage, damage, fileName, parseFileName } from './format.ts';
import { FileSet } from './files.ts';
import { load } from './load.ts';
import { type BaseEntry, readManifest } from './manifest.ts';
import type { PageRef } from './page-index.ts';
import type { LogContext } from './context.ts';
import { readTail } from './recovery.ts';

/** What to check, and with what. */
export interface CheckDirectory {
  readonly directory: string;
  readonly disk: Disk;
  /** The keys; the cipher is given the keyring records of the directory. */
  readonly cipher?: LogCipher;
  /** Opens a value; throws when it does not open. Only with a cipher. */
  readonly openValue?: (key: string, value: Uint8Array) => void;
}

/** Something that is not as it was written. */
export interface Problem {
  readonly file: string;
  readonly offset: number;
  readonly what: string;
}

/** What was found. */
export interface CheckReport {
  readonly problems: readonly Problem[];
  /** Last revision on the disk; 0 when the chain is broken. */
  readonly head: number;
  readonly frames: number;
  readonly baseFiles: number;
  /** Bytes behind the last frame, left by a crash: they are cut off at the next start. */
  readonly tornBytes: number;
  /** Names in the index; only known with keys. */
  readonly keys: number | undefined;
}

class Findings {
  readonly problems: Problem[] = [];

  /** Runs a step; what it finds damaged becomes a problem. Other errors pass. */
  step<Result>(action: () => Result): Result | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const { file, offset, what } = error;
      if (!this.problems.some((known) => known.file === file && known.offset === offset)) this.problems.push({ file, offset, what });
      return undefined;
    }
  }
}

/** Checks a directory. Throws `unavailable` when a strongroom holds it. */
export function checkDirectory({ directory, disk, cipher, openValue }: CheckDirectory): CheckReport {
  const lock = disk.lock(directory);
  const found = new Findings();
  try {
    const structure = found.step(() => checkStructure(found, disk, directory));
    const { problems } = found;
    const unkeyed = { problems, head: 0, frames: 0, baseFiles: 0, tornBytes: 0, ...structure, keys: undefined };
    if (cipher === undefined || structure === undefined) return unkeyed;
    const loaded = found.step(() => load(disk, directory, cipher, 64));
    if (loaded === undefined) return unkeyed;
    try {
      checkEntries(found, loaded.context, openValue ?? (() => undefined));
      return { ...unkeyed, keys: loaded.context.index.keys };
    } finally {
      loaded.context.files.closeAll();
    }
  } finally {
    lock.release();
  }
}

function checkStructure(found: Findings, disk: Disk, directory: string): Omit<CheckReport, 'problems' | 'keys'> {
  const manifest = readManifest(disk, directory);
  if (manifest === undefined) throw damage('manifest', 0, 'it is missing');
  const files = new FileSet(disk, directory);
  try {
    for (const base of manifest.bases) found.step(() => checkBase(files, base));
    const logs = disk.readdir(directory).flatMap((name) => parseFileName(name) ?? []);
    const tail = logs.filter(({ kind, id }) => kind === 'log' && id >= manifest.tail.file).sort((a, b) => a.id - b.id);
    const opened = tail.map(({ id }) => files.open('log', id));
    const end = found.step(() => readTail(opened, manifest.lineage, manifest.tail.file, manifest.tail.from, () => undefined));
    const { chain, frames, tornBytes } = end ?? { chain: { revision: 0 }, frames: 0, tornBytes: 0 };
    return { head: chain.revision, frames, tornBytes, baseFiles: manifest.bases.length };
  } finally {
    files.closeAll();
  }
}

function checkBase(files: FileSet, base: BaseEntry): void {
  const name = fileName('base', base.id);
  try {
    files.open('base', base.id);
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) throw damage(name, 0, 'the file that the manifest names is missing', error);
    throw error;
  }
  const file = files.get(base.id)?.file;
  if (file?.size() !== base.bytes) throw damage(name, base.bytes, `it should have ${base.bytes} bytes`);
  const hash = createHash('sha256');
  for (let at = 0; at < base.bytes; at += 1_048_576) hash.update(readFully(file, at, Math.min(1_048_576, base.bytes - at)));
  if (!hash.digest().equals(base.sha256)) throw damage(name, 0, 'its content is not what the manifest says');
}

function checkEntries(found: Findings, context: LogContext, openValue: (key: string, value: Uint8Array) => void): void {
  const { index, files } = context;
  let last = '';
  for (const ref of index.refs()) {
    const page = found.step(() => loadPage(context, ref));
    for (const [row, key] of page?.names.entries() ?? []) {
      const at = page?.at(row);
      if (at === undefined) continue;
      const file = fileName(files.get(at.file)?.kind ?? 'log', at.file);
      found.step(() => {
        if (key <= last || key < ref.first) throw damage(file, at.offset, 'the index is out of order');
        last = key;
        const value = files.value(at);
        try {
          openValue(key, value);
        } catch (cause) {
          throw damage(file, at.offset, 'the value does not open', cause);
        }
      });
    }
  }
}

function loadPage({ index }: LogContext, ref: PageRef): ReturnType<typeof index.load> {
  const { stored } = ref;
  const page = index.load(ref);
  if (stored !== undefined && stored.count !== page.names.length) {
    throw damage(fileName('base', stored.file), stored.offset, 'the index page is not the one that the table names');
  }
  return page;
}
