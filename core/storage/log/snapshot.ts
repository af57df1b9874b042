/**
 * The files of a directory at one moment, without stopping it: base files never change, logs only grow, and an open file can be read after its name is gone.
 * Taken in one turn of the event loop, so that the manifest, its base files and the tail are of the same moment.
 */
import type { Snapshot, SnapshotFile } from '../types.ts';
import type { LogContext } from './context.ts';
import { type DiskFile, readFully } from './disk.ts';
import { damage, fileName } from './format.ts';
import type { WriterPosition } from './group-writer.ts';
import { readManifest } from './manifest.ts';

/** Takes a snapshot of everything up to the end of what is synced. */
export function takeSnapshot({ disk, directory, files }: LogContext, { file: last, offset, chain }: WriterPosition): Snapshot {
  const opened: DiskFile[] = [];
  const open = (name: string, bytes?: number): SnapshotFile => {
    const file = disk.open(`${directory}/${name}`, 'read');
    opened.push(file);
    return { name, bytes: bytes ?? file.size(), read: (position, length) => readAll(file, name, position, length) };
  };
  try {
    const manifest = readManifest(disk, directory);
    if (manifest === undefined) throw damage('manifest', 0, 'it is missing');
    const tail = files
      .all()
      .filter(({ kind, id }) => kind === 'log' && id >= manifest.tail.file && id <= last.id)
      .sort((a, b) => a.id - b.id);
    return {
      revision: chain.revision,
      files: [
        open('manifest'),
        ...manifest.bases.map(({ id, bytes }) => open(fileName('base', id), bytes)),
        ...tail.map(({ id }) => open(fileName('log', id), id === last.id ? offset : undefined)),
      ],
      close: () => closeAll(opened),
    };
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

function closeAll(opened: DiskFile[]): void {
  for (const file of opened.splice(0)) file.close();
}

function readAll(file: DiskFile, name: string, position: number, length: number): Buffer {
  const bytes = readFully(file, position, length);
  if (bytes.length < length) throw damage(name, position, 'the file ends early');
  return bytes;
}
