/**
 * The first bytes of each file, and their names.
 *
 *   log-0000002a, 104 bytes: "SRLOG001" lineage[16] file:u32 previousFile:u32 lastRevision:u64 previousHash[32] sha256[32]
 *   base-0000002b, 64 bytes: "SRBASE01" lineage[16] file:u32 zero:u32 sha256[32]
 *
 * The hash at the end covers the bytes before it. Ids rise and are never used twice, for logs and base files together.
 */
import { hash } from 'node:crypto';
import { StrongroomError } from '../../errors.ts';

/** Bytes of a log file's header: its frames start here. */
export const logHeaderBytes = 104;

/** Bytes of a base file's header. */
export const baseHeaderBytes = 64;

/** Where a chain of frames stands: what the next frame is bound to. */
export interface ChainPoint {
  /** Hash of the last frame; 32 zero bytes before the first. */
  readonly hash: Buffer;
  readonly revision: number;
}

/** Gives the SHA-256 of the parts, one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const [only] = parts;
  return hash('sha256', parts.length === 1 && only !== undefined ? only : Buffer.concat(parts), 'buffer');
}

/** Gives a file's name. */
export function fileName(kind: 'log' | 'base', id: number): string {
  return `${kind}-${id.toString(16).padStart(8, '0')}`;
}

/** Reads a file's name; undefined for files that are not the log's. */
export function parseFileName(name: string): { readonly kind: 'log' | 'base'; readonly id: number } | undefined {
  const match = /^(log|base)-([0-9a-f]{8})$/.exec(name);
  if (match === null) return undefined;
  return { kind: match[1] === 'log' ? 'log' : 'base', id: Number.parseInt(match[2] ?? '', 16) };
}

/** The disk holds something else than was written. Its code is `internal`. */
export class Damage extends StrongroomError {
  /** Name of the file in the directory. */
  readonly file: string;
  readonly offset: number;
  readonly what: string;

  constructor(file: string, offset: number, what: string, options?: ErrorOptions) {
    super('internal', `${file} at offset ${offset}: ${what}`, options);
    this.file = file;
    this.offset = offset;
    this.what = what;
  }
}

/** Makes the error for a place in a file. */
export function damage(file: string, offset: number, what: string, cause?: unknown): Damage {
  return new Damage(file, offset, what, cause === undefined ? undefined : { cause });
}

/** What a log file's header says. */
export interface LogHeader {
  readonly lineage: Buffer;
  readonly file: number;
  readonly previousFile: number;
  /** Where the chain stood when the file was begun. */
  readonly from: ChainPoint;
}

/** Encodes a log file's header. */
export function encodeLogHeader(header: LogHeader): Buffer {
  const bytes = Buffer.alloc(logHeaderBytes);
  bytes.write('SRLOG001', 0, 'latin1');
  bytes.set(header.lineage, 8);
  bytes.writeUInt32LE(header.file, 24);
  bytes.writeUInt32LE(header.previousFile, 28);
  bytes.writeBigUInt64LE(BigInt(header.from.revision), 32);
  bytes.set(header.from.hash, 40);
  bytes.set(sha256(bytes.subarray(0, 72)), 72);
  return bytes;
}

/** Decodes a log file's header; undefined when it is not one. */
export function decodeLogHeader(bytes: Buffer): LogHeader | undefined {
  if (bytes.length < logHeaderBytes || bytes.toString('latin1', 0, 8) !== 'SRLOG001') return undefined;
  if (!sha256(bytes.subarray(0, 72)).equals(bytes.subarray(72, 104))) return undefined;
  return {
    lineage: Buffer.from(bytes.subarray(8, 24)),
    file: bytes.readUInt32LE(24),
    previousFile: bytes.readUInt32LE(28),
    from: { hash: Buffer.from(bytes.subarray(40, 72)), revision: Number(bytes.readBigUInt64LE(32)) },
  };
}

/** Encodes a base file's header. */
export function encodeBaseHeader(lineage: Uint8Array, file: number): Buffer {
  const bytes = Buffer.alloc(baseHeaderBytes);
  bytes.write('SRBASE01', 0, 'latin1');
  bytes.set(lineage, 8);
  bytes.writeUInt32LE(file, 24);
  bytes.set(sha256(bytes.subarray(0, 32)), 32);
  return bytes;
}
