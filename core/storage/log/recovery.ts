/**
 * Reading the tail: the frames since the manifest, over one or more log files. The rule: a bad last frame was never acknowledged
 * and is cut off; a bad frame with an intact one behind it cannot come from a crash, since a frame is only written when the one
 * before is synced, and stops the start.
 */
import { type DiskFile, readFully } from './disk.ts';
import { type ChainPoint, damage, decodeLogHeader, fileName, logHeaderBytes } from './format.ts';
import { decodeFrameHeader, type FrameHeader, frameHash, frameHeaderBytes, type FramePlace } from './frame.ts';

/** Takes the intact frames in order. */
export type FrameVisitor = (bytes: Buffer, header: FrameHeader) => void;

/** A log file to be read. */
export interface TailFile {
  readonly id: number;
  readonly file: DiskFile;
}

/** Where the tail ends. */
export interface TailEnd {
  /** The last file, in which writing goes on. */
  readonly file: number;
  /** End of the last good frame; what lies behind is to be cut off. */
  readonly offset: number;
  readonly chain: ChainPoint;
  readonly frames: number;
  /** Bytes behind the end, left by a write that was cut short. */
  readonly tornBytes: number;
  /** Whether the last frame says that the storage was closed. */
  readonly closed: boolean;
  /** Files begun by a rotation that a crash cut short: they hold nothing. */
  readonly unborn: readonly number[];
}

/** Reads the frame at an offset; undefined when there is no intact one. */
export function readFrame(
  file: DiskFile,
  place: FramePlace,
  size: number,
): { bytes: Buffer; header: FrameHeader; hash: Buffer } | undefined {
  const header = decodeFrameHeader(readFully(file, place.offset, frameHeaderBytes), place);
  if (header === undefined || place.offset + header.length > size) return undefined;
  const bytes = readFully(file, place.offset, header.length);
  const hash = frameHash(bytes, header);
  return hash === undefined ? undefined : { bytes, header, hash };
}

const scanBytes = 1_048_576;

/** Gives the offset of an intact frame at or behind `from` that continues past `revision`. */
function findFrame(file: DiskFile, place: Omit<FramePlace, 'offset'>, from: number, revision: number): number | undefined {
  const size = file.size();
  for (let start = from; start < size; start += scanBytes) {
    const chunk = readFully(file, start, Math.min(scanBytes + 7, size - start));
    for (let hit = chunk.indexOf('SRFRAME1', 0, 'latin1'); hit !== -1; hit = chunk.indexOf('SRFRAME1', hit + 1, 'latin1')) {
      const found = readFrame(file, { ...place, offset: start + hit }, size);
      if (found !== undefined && found.header.firstRevision > revision) return start + hit;
    }
  }
  return undefined;
}

/**
 * Reads all frames of the tail. Changes nothing on the disk.
 * @param files the log files from the tail's first on, by rising id; empty ones are ignored
 * @throws StrongroomError `internal`, with file and offset, when the chain is broken in the middle
 */
export function readTail(files: readonly TailFile[], lineage: Uint8Array, first: number, from: ChainPoint, visit: FrameVisitor): TailEnd {
  const [head, ...later] = files.filter(({ id, file }) => id >= first && (id === first || file.size() > 0));
  if (head?.id !== first) throw damage(fileName('log', first), 0, 'the file that the manifest names is missing');
  requireHeader(head, lineage, from);
  const unborn: number[] = [];
  let end = walk(
    head,
    lineage,
    { file: first, offset: logHeaderBytes, chain: from, frames: 0, tornBytes: 0, closed: false, unborn: [] },
    visit,
  );
  for (const next of later) {
    const header = decodeLogHeader(readFully(next.file, 0, logHeaderBytes));
    if (header === undefined || header.file !== next.id || !header.lineage.equals(lineage)) {
      const frame = findFrame(next.file, { lineage, file: next.id }, 0, -1);
      if (frame !== undefined) throw damage(fileName('log', next.id), 0, 'its header is damaged');
      // If it did hold something, the next file does not continue from the one before it, which is found below.
      unborn.push(next.id);
      continue;
    }
    if (header.previousFile !== end.file || header.from.revision !== end.chain.revision || !header.from.hash.equals(end.chain.hash)) {
      throw damage(
        fileName('log', end.file),
        end.offset,
        `${fileName('log', next.id)} does not continue from here: frames or a file are missing`,
      );
    }
    end = walk(next, lineage, { ...end, file: next.id, offset: logHeaderBytes }, visit);
  }
  return { ...end, unborn };
}

function requireHeader(head: TailFile, lineage: Uint8Array, from: ChainPoint): void {
  const header = decodeLogHeader(readFully(head.file, 0, logHeaderBytes));
  const fits = header?.file === head.id && header.lineage.equals(lineage) && header.from.hash.equals(from.hash);
  if (!fits || header.from.revision !== from.revision)
    throw damage(fileName('log', head.id), 0, 'its header is not the one that the manifest expects');
}

function walk({ id, file }: TailFile, lineage: Uint8Array, start: TailEnd, visit: FrameVisitor): TailEnd {
  const size = file.size();
  let { offset, chain, frames, closed } = start;
  for (;;) {
    const frame = readFrame(file, { lineage, file: id, offset }, size);
    const chained = frame?.header.before.equals(chain.hash) === true && frame.header.firstRevision > chain.revision;
    if (frame === undefined || !chained) break;
    visit(frame.bytes, frame.header);
    closed = frame.header.kind === 'close';
    chain = { hash: frame.hash, revision: Math.max(chain.revision, frame.header.lastRevision) };
    offset += frame.header.length;
    frames++;
  }
  const behind = offset < size ? findFrame(file, { lineage, file: id }, offset, chain.revision) : undefined;
  if (behind !== undefined)
    throw damage(fileName('log', id), offset, `the frame here is damaged, and an intact one follows at offset ${behind}`);
  return { file: id, offset, chain, frames, tornBytes: size - offset, closed, unborn: [] };
}
