/** Begins a new log file between two frames. The chain goes on: the header says where it stood. */
import type { LogContext } from './context.ts';
import { type DiskFile, readFully, writeFully } from './disk.ts';
import { decodeLogHeader, encodeLogHeader, fileName, logHeaderBytes } from './format.ts';
import type { GroupWriter } from './group-writer.ts';
import type { Manifest } from './manifest.ts';

/** The future tail, and the newest keyring record before it. */
export interface Rotation {
  readonly tail: Manifest['tail'];
  readonly keyring: Buffer | undefined;
}

/** Rotates; a log file without frames is used as it is, unless a new lineage begins. Throws what the disk throws; the old file then stays in use. */
export function rotateLog<Undo>(context: LogContext, writer: GroupWriter<Undo>): Promise<Rotation> {
  return writer.between(async () => {
    const { file, offset, chain } = writer.position;
    const keyring = writer.keyring === undefined ? undefined : Buffer.from(writer.keyring);
    if (offset === logHeaderBytes && isOfLineage(file.file, context.lineage)) return { tail: { file: file.id, from: chain }, keyring };
    file.file.truncate(offset); // what a write that failed has left must not survive in a closed file
    await file.file.fdatasync();
    const { disk, directory, files, lineage } = context;
    const next = files.create('log', context.nextFile++);
    try {
      writeFully(next.file, encodeLogHeader({ lineage, file: next.id, previousFile: file.id, from: chain }), 0);
    } catch (error) {
      files.entomb(next.id);
      context.entombed.add(fileName('log', next.id));
      throw error;
    }
    await next.file.fdatasync();
    await disk.fsyncDirectory(directory);
    writer.moveTo(next, logHeaderBytes);
    return { tail: { file: next.id, from: chain }, keyring };
  });
}

function isOfLineage(file: DiskFile, lineage: Buffer): boolean {
  return decodeLogHeader(readFully(file, 0, logHeaderBytes))?.lineage.equals(lineage) === true;
}
