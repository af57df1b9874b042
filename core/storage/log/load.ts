/** The steps of opening: a new directory, reading one, and putting right what a crash has left. */
import { StrongroomError } from '../../errors.ts';
import type { LogCipher } from '../cipher.ts';
import { recordBinding } from './base-writer.ts';
import type { LogContext } from './context.ts';
import { type Disk, isDiskError, readFully, writeFully } from './disk.ts';
import { checkOf, FileSet, type OpenFile } from './files.ts';
import { baseHeaderBytes, damage, encodeBaseHeader, encodeLogHeader, fileName, logHeaderBytes, parseFileName } from './format.ts';
import { frameCommits, frameKeyring, type PlacedCommit } from './frame.ts';
import type { WriterPosition } from './group-writer.ts';
import { type Manifest, type ReadManifest, readManifest, writeManifest } from './manifest.ts';
import { PageIndex, type StoredPage } from './page-index.ts';
import { decodeTable } from './page-table.ts';
import { readTail, type TailEnd } from './recovery.ts';

/** A directory as read. */
export interface Loaded {
  readonly context: LogContext;
  readonly end: TailEnd;
  readonly position: WriterPosition;
  readonly keyring: Uint8Array | undefined;
}

/** Makes the first log file and the first manifest when the directory has none. Throws `internal` when only the manifest is gone. */
export async function initialize(
  disk: Disk,
  directory: string,
  cipher: LogCipher,
  keyring: Uint8Array | undefined,
  random: (bytes: number) => Buffer,
): Promise<void> {
  const names = disk.readdir(directory);
  if (names.includes('manifest')) return;
  for (const name of names) {
    const parsed = parseFileName(name);
    if (parsed === undefined) continue;
    const file = disk.open(`${directory}/${name}`, 'read');
    const begun = parsed.kind === 'log' && parsed.id === 1 && file.size() <= logHeaderBytes;
    file.close();
    if (!begun) throw damage('manifest', 0, `it is missing, though ${name} is there`);
    disk.unlink(`${directory}/${name}`);
  }
  const lineage = random(16);
  const from = { hash: Buffer.alloc(32), revision: 0 };
  const log = disk.create(`${directory}/${fileName('log', 1)}`);
  writeFully(log, encodeLogHeader({ lineage, file: 1, previousFile: 0, from }), 0);
  await log.fdatasync();
  log.close();
  await disk.fsyncDirectory(directory);
  await disk.fsyncDirectory(`${directory}/..`);
  const record = keyring === undefined ? undefined : Buffer.from(keyring);
  const manifest: Manifest = { lineage, nextFile: 2, bases: [], table: undefined, tail: { file: 1, from }, keyring: record };
  await writeManifest(disk, directory, cipher, manifest);
}

/** Opens the files that the manifest names; throws unless the base files are those. */
function openBases(files: FileSet, manifest: Manifest): void {
  for (const { id, bytes, lineage = manifest.lineage } of manifest.bases) {
    let open: OpenFile;
    try {
      open = files.open('base', id);
    } catch (error) {
      if (!isDiskError(error, 'ENOENT')) throw error;
      throw damage(fileName('base', id), 0, 'the file that the manifest names is missing');
    }
    const header = readFully(open.file, 0, baseHeaderBytes);
    if (open.file.size() !== bytes) throw damage(fileName('base', id), bytes, `it should have ${bytes} bytes`);
    if (!header.equals(encodeBaseHeader(lineage, id))) throw damage(fileName('base', id), 0, 'its header is not the one that was written');
  }
}

/** Opens a sealed record of a base file. Throws `internal` with file and offset. */
export function openRecord(
  files: FileSet,
  cipher: LogCipher,
  lineage: Uint8Array,
  kind: 'page' | 'table',
  at: { readonly file: number; readonly offset: number; readonly length: number },
): Uint8Array {
  const sealed = files.read(at.file, at.offset, at.length);
  try {
    return cipher.open(sealed, recordBinding(lineage, kind, at.file, at.offset));
  } catch (cause) {
    throw damage(fileName('base', at.file), at.offset, `the index ${kind} does not open`, cause);
  }
}

/** Reads a directory that has a manifest. Changes nothing on the disk. */
export function load(disk: Disk, directory: string, cipher: LogCipher, cleanPagesMax: number): Loaded {
  const manifest = readManifest(disk, directory);
  if (manifest === undefined) throw damage('manifest', 0, 'it is missing');
  const files = new FileSet(disk, directory);
  try {
    return loadFrom(manifest, files, disk, directory, cipher, cleanPagesMax);
  } catch (error) {
    files.closeAll();
    throw error;
  }
}

function loadFrom(manifest: ReadManifest, files: FileSet, disk: Disk, directory: string, cipher: LogCipher, cleanPagesMax: number): Loaded {
  const { lineage, tail } = manifest;
  openBases(files, manifest);
  const present = disk.readdir(directory).flatMap((name) => parseFileName(name) ?? []);
  const logs = present.filter(({ kind, id }) => kind === 'log' && id >= tail.file).sort((a, b) => a.id - b.id);
  const opened = logs.map(({ id }) => files.open('log', id));

  let keyring: Uint8Array | undefined = manifest.keyring;
  if (keyring !== undefined) cipher.keyring(keyring);
  const commits: { readonly file: number; readonly commit: CheckedCommit }[] = [];
  const end = readTail(opened, lineage, tail.file, tail.from, (bytes, header) => {
    const record = frameKeyring(bytes, header);
    if (record !== undefined) {
      keyring = Uint8Array.from(record);
      cipher.keyring(keyring);
    }
    try {
      for (const commit of frameCommits(cipher, bytes, header))
        commits.push({ file: header.file, commit: withChecks(commit, bytes, header.offset) });
    } catch (cause) {
      throw damage(fileName('log', header.file), header.offset, 'the names of the frame do not open', cause);
    }
  });
  manifest.authenticate(cipher);

  const lineageOf = (file: number): Buffer => context.bases.get(file)?.lineage ?? context.lineage;
  const index = new PageIndex((stored: StoredPage) => openRecord(files, cipher, lineageOf(stored.file), 'page', stored), cleanPagesMax);
  const context: LogContext = {
    disk,
    directory,
    cipher,
    lineage,
    files,
    index,
    tail,
    nextFile: Math.max(manifest.nextFile, ...present.map(({ id }) => id + 1)),
    bases: new Map(manifest.bases.map((base) => [base.id, base])),
    entombed: new Set(),
    rewrap: undefined,
  };
  const table =
    manifest.table === undefined
      ? undefined
      : decodeTable(openRecord(files, cipher, lineageOf(manifest.table.file), 'table', manifest.table));
  context.rewrap = table?.rewrap;
  if (table !== undefined) index.restore(table.rows);
  for (const { file, commit } of commits) replay(index, file, commit);

  const current = files.get(end.file);
  if (current === undefined) throw new StrongroomError('internal', 'the tail has no file');
  return {
    context,
    end,
    position: { file: current, offset: end.offset, chain: end.chain, frames: end.frames },
    keyring,
  };
}

interface CheckedCommit extends PlacedCommit {
  readonly checks: readonly number[];
}

function withChecks(commit: PlacedCommit, bytes: Buffer, offset: number): CheckedCommit {
  return {
    ...commit,
    checks: commit.writes.map((write) => checkOf(bytes.subarray(write.offset - offset, write.offset - offset + write.length))),
  };
}

function replay(index: PageIndex, file: number, { revision, writes, checks }: CheckedCommit): void {
  for (const [i, { key, deleted, offset, length }] of writes.entries()) {
    if (deleted) index.remove(key);
    else index.put(key, { revision, file, offset, length, check: checks[i] ?? 0 });
  }
}

/** Cuts off the torn end, and takes away the files that no manifest names. */
export async function repair({ context, end, position }: Loaded): Promise<void> {
  const { disk, directory, files, tail, bases, entombed } = context;
  if (end.tornBytes > 0) position.file.file.truncate(position.offset);
  // What was read may not be on the device yet, if the process died alone: it is acknowledged from now on.
  for (const { kind, id, file } of files.all()) if (kind === 'log' && id <= end.file) await file.fdatasync();
  for (const id of end.unborn) files.entomb(id);
  for (const name of disk.readdir(directory)) {
    const parsed = parseFileName(name);
    if (name === 'manifest.tmp' || (parsed?.kind === 'log' && parsed.id < tail.file)) disk.unlink(`${directory}/${name}`);
    else if (parsed?.kind === 'base' && !bases.has(parsed.id)) {
      files.open('base', parsed.id);
      files.entomb(parsed.id);
      entombed.add(name);
    } else if (parsed?.kind === 'log' && (files.get(parsed.id)?.file.size() ?? 0) === 0) {
      files.entomb(parsed.id);
      entombed.add(name);
    }
  }
}
