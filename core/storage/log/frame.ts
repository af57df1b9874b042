/**
 * The group frame: all commits of one sync, in one piece that is whole or worthless.
 *
 *   0  "SRFRAME1"        8
 *   8  kind              4   1 commits, 2 clean close
 *  12  file              4   id of the file it lies in, and
 *  16  offset            8   its place there: a copy elsewhere is not a frame
 *  24  first revision    8
 *  32  last revision     8   every revision up to it was used
 *  40  keyring length    4
 *  44  names length      4
 *  48  values length     8
 *  56  hash before      32   of the frame before: the chain
 *  88  lineage          16
 * 104  keyring record, sealed names, values
 *      hash             32   SHA-256 of header, keyring, sealed names, and the SHA-256 of the values
 *
 * Names are sealed with the header and the hash of the values as associated data. Inside (LEB128): count of commits | per commit:
 * revision - first, count of writes | per write: key with the flag "deleted", value length unless deleted.
 */
import type { LogCipher } from '../cipher.ts';
import type { Write } from '../types.ts';
import { type ChainPoint, sha256 } from './format.ts';
import { FieldReader, FieldWriter } from './varint.ts';

/** Bytes of a frame's header. */
export const frameHeaderBytes = 104;

/** Bytes of a frame's hash, its last field. */
const frameHashBytes = 32;

const magic = Buffer.from('SRFRAME1', 'latin1');

/** Where a frame lies. */
export interface FramePlace {
  readonly lineage: Uint8Array;
  readonly file: number;
  readonly offset: number;
}

/** What a frame's header says. */
export interface FrameHeader {
  readonly kind: 'commits' | 'close';
  readonly file: number;
  readonly offset: number;
  readonly firstRevision: number;
  readonly lastRevision: number;
  readonly keyringBytes: number;
  readonly namesBytes: number;
  readonly valuesBytes: number;
  readonly before: Buffer;
  readonly lineage: Buffer;
  /** Whole length of the frame. */
  readonly length: number;
}

/** One commit to be put into a frame. */
interface FrameCommit {
  readonly revision: number;
  readonly writes: readonly Write[];
}

/** What goes into a frame; without commits it is a close frame. */
export interface FrameContent {
  readonly commits: readonly FrameCommit[];
  readonly keyring: Uint8Array | undefined;
  /** Of the last commit; in a close frame any that was ever given out. */
  readonly lastRevision: number;
}

/** An encoded frame: `valuesAt` is the offset of the first value in the file. */
export interface EncodedFrame {
  readonly bytes: Buffer;
  readonly hash: Buffer;
  readonly valuesAt: number;
}

/** One write as a frame holds it: the value by its place in the file. */
interface PlacedWrite {
  readonly key: string;
  readonly deleted: boolean;
  readonly offset: number;
  readonly length: number;
}

/** One commit as a frame holds it. */
export interface PlacedCommit {
  readonly revision: number;
  readonly writes: readonly PlacedWrite[];
}

function encodeNames(commits: readonly FrameCommit[], first: number): Buffer {
  const fields = new FieldWriter(1024);
  fields.number(commits.length);
  for (const { revision, writes } of commits) {
    fields.number(revision - first);
    fields.number(writes.length);
    for (const { key, value } of writes) {
      fields.text(key, value === undefined ? 1 : 0);
      if (value !== undefined) fields.number(value.byteLength);
    }
  }
  return fields.bytes;
}

/** Encodes the frame of some commits, in the order of their revisions. */
export function encodeFrame(cipher: LogCipher, place: FramePlace, before: ChainPoint, content: FrameContent): EncodedFrame {
  const { commits, keyring } = content;
  const first = commits[0]?.revision ?? before.revision + 1;
  const header = Buffer.alloc(frameHeaderBytes);
  const values: Uint8Array[] = [];
  let valuesBytes = 0;
  for (const { writes } of commits) {
    for (const { value } of writes) {
      if (value === undefined) continue;
      values.push(value);
      valuesBytes += value.byteLength;
    }
  }
  header.set(magic, 0);
  header.writeUInt32LE(commits.length === 0 ? 2 : 1, 8);
  header.writeUInt32LE(place.file, 12);
  header.writeBigUInt64LE(BigInt(place.offset), 16);
  header.writeBigUInt64LE(BigInt(first), 24);
  header.writeBigUInt64LE(BigInt(content.lastRevision), 32);
  header.writeUInt32LE(keyring?.byteLength ?? 0, 40);
  header.writeBigUInt64LE(BigInt(valuesBytes), 48);
  header.set(before.hash, 56);
  header.set(place.lineage, 88);
  // The names' length is not yet known and not part of what they are bound to.
  const valuesHash = sha256(...values);
  const names = cipher.seal(encodeNames(commits, first), Buffer.concat([header, valuesHash]));
  header.writeUInt32LE(names.byteLength, 44);
  const hash = sha256(header, keyring ?? Buffer.alloc(0), names, valuesHash);
  const bytes = Buffer.concat([header, keyring ?? Buffer.alloc(0), names, ...values, hash]);
  return { bytes, hash, valuesAt: place.offset + bytes.length - frameHashBytes - valuesBytes };
}

/** Decodes a frame's header; undefined when it is none, or not at this place. */
export function decodeFrameHeader(bytes: Buffer, place: FramePlace): FrameHeader | undefined {
  if (bytes.length < frameHeaderBytes || !bytes.subarray(0, 8).equals(magic)) return undefined;
  const kind = bytes.readUInt32LE(8);
  if (kind !== 1 && kind !== 2) return undefined;
  const namesBytes = bytes.readUInt32LE(44);
  const keyringBytes = bytes.readUInt32LE(40);
  const valuesBytes = Number(bytes.readBigUInt64LE(48));
  const header: FrameHeader = {
    kind: kind === 1 ? 'commits' : 'close',
    file: bytes.readUInt32LE(12),
    offset: Number(bytes.readBigUInt64LE(16)),
    firstRevision: Number(bytes.readBigUInt64LE(24)),
    lastRevision: Number(bytes.readBigUInt64LE(32)),
    keyringBytes,
    namesBytes,
    valuesBytes,
    before: Buffer.from(bytes.subarray(56, 88)),
    lineage: Buffer.from(bytes.subarray(88, 104)),
    length: frameHeaderBytes + keyringBytes + namesBytes + valuesBytes + frameHashBytes,
  };
  const here = header.file === place.file && header.offset === place.offset && header.lineage.equals(place.lineage);
  return here && Number.isSafeInteger(header.length) ? header : undefined;
}

/** Gives the hash of a whole frame when it is intact, undefined otherwise. */
export function frameHash(bytes: Buffer, header: FrameHeader): Buffer | undefined {
  if (bytes.length !== header.length) return undefined;
  const valuesEnd = header.length - frameHashBytes;
  const valuesHash = sha256(bytes.subarray(valuesEnd - header.valuesBytes, valuesEnd));
  const found = sha256(bytes.subarray(0, valuesEnd - header.valuesBytes), valuesHash);
  return found.equals(bytes.subarray(valuesEnd)) ? found : undefined;
}

/** Gives the keyring record in a frame. */
export function frameKeyring(bytes: Buffer, header: FrameHeader): Buffer | undefined {
  if (header.keyringBytes === 0) return undefined;
  return bytes.subarray(frameHeaderBytes, frameHeaderBytes + header.keyringBytes);
}

/** Opens the names of an intact frame. Throws what the cipher throws, or RangeError. */
export function frameCommits(cipher: LogCipher, bytes: Buffer, header: FrameHeader): PlacedCommit[] {
  const namesAt = frameHeaderBytes + header.keyringBytes;
  const valuesEnd = header.length - frameHashBytes;
  const bound = Buffer.from(bytes.subarray(0, frameHeaderBytes));
  bound.writeUInt32LE(0, 44);
  const valuesHash = sha256(bytes.subarray(valuesEnd - header.valuesBytes, valuesEnd));
  const fields = new FieldReader(cipher.open(bytes.subarray(namesAt, namesAt + header.namesBytes), Buffer.concat([bound, valuesHash])));
  const commits: PlacedCommit[] = [];
  let offset = header.offset + namesAt + header.namesBytes;
  for (let rest = fields.number(); rest > 0; rest--) {
    const revision = header.firstRevision + fields.number();
    const writes: PlacedWrite[] = [];
    for (let count = fields.number(); count > 0; count--) {
      const { value: key, flag: deleted } = fields.text();
      const length = deleted ? 0 : fields.number();
      writes.push({ key, deleted, offset, length });
      offset += length;
    }
    commits.push({ revision, writes });
  }
  if (!fields.done || offset !== header.offset + valuesEnd) throw new RangeError('the names of a frame do not match its values');
  return commits;
}
