/**
 * Lines that the server writes about the log itself.
 *
 *     start       the first line of a run: version, the storage's head revision, whether the run before stopped cleanly
 *     checkpoint  a signed statement: everything up to `prev` is mine, up to line `synced` it is on disk, and the storage stood at `head`
 *     lost        a signed statement behind a start: a power cut left zeros in this sink in place of these lines
 *     recovered   in one sink only, outside the chain: lines `from` to `seq` may be missing or torn here; the next has this `prev`
 */
import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { lineHash, type ChainPoint } from './chain.ts';

/** What a start line records. */
export interface StartLine {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly version: string;
  /** Head revision of the storage. */
  readonly head: number;
  /**
   * How the last line of the run before looks: `none` there is none, `clean` it says that the run stopped, `crashed` it does not (a torn line
   * may stand before this one, and unsynced lines may be gone), `unreadable` it is no line of ours, and the chain begins anew.
   */
  readonly previous: 'none' | 'clean' | 'crashed' | 'unreadable';
}

/** Gives the body of a start line, for `LineBuffer.append`. */
export function startBody({ time, version, head, previous }: StartLine): string {
  return `{"time":"${isoTime(time)}","type":"start","version":${JSON.stringify(version)},"head":${head},"previous":"${previous}"}`;
}

/** What a checkpoint states. */
export interface Checkpoint {
  /** Seq of the checkpoint's own line. */
  readonly seq: number;
  readonly prev: string;
  /** RFC 3339. */
  readonly time: string;
  readonly head: number;
  /** Up to this line every sink had the log on disk: a gap there is not a power cut's. */
  readonly synced: number;
  /** The last line of a run that stopped cleanly. */
  readonly stop: boolean;
}

/** What the server says in a checkpoint. */
export type CheckpointNow = Pick<Checkpoint, 'head' | 'synced' | 'stop'> & {
  /** Milliseconds since 1970. */
  readonly time: number;
};

/** Gives the body of a checkpoint that follows `after`. @param key Ed25519 private key; without it the checkpoint is not signed */
export function checkpointBody(after: ChainPoint, now: CheckpointNow, key: KeyObject | undefined): string {
  const { head, synced, stop } = now;
  const stated: Checkpoint = { seq: after.seq + 1, prev: after.hash, time: isoTime(now.time), head, synced, stop };
  return `{"time":"${stated.time}","type":"checkpoint","head":${head},"synced":${synced},"stop":${stop}${signature(checkpointMessage(stated), key)}}`;
}

/** Bytes that a checkpoint's signature covers. */
export function checkpointMessage({ seq, prev, time, head, synced, stop }: Checkpoint): Buffer {
  return Buffer.from(`strongroom audit checkpoint\n${seq}\n${prev}\n${time}\n${head}\n${synced}\n${stop}\n`);
}

/** Lines that a power cut took: zeros stand between two whole lines. */
export interface Gap {
  /** The first of them. One more than `to` where zeros stand between lines that follow each other. */
  readonly from: number;
  /** Hash of the line before it. */
  readonly anchor: string;
  readonly to: number;
  /** Hash of the last of them, which the line behind the gap carries as its `prev`. */
  readonly next: string;
}

/** What a marker of lost lines states. */
export interface Lost {
  /** Seq of the marker's own line. */
  readonly seq: number;
  readonly prev: string;
  /** RFC 3339. */
  readonly time: string;
  readonly head: number;
  /** Name of the sink that lost them. */
  readonly sink: string;
  /** Oldest first. */
  readonly gaps: readonly Gap[];
}

/** Gives the body of a marker of lost lines that follows `after`. */
export function lostBody(
  after: ChainPoint,
  { time, head, sink, gaps }: Pick<Lost, 'head' | 'sink' | 'gaps'> & { readonly time: number },
  key: KeyObject | undefined,
): string {
  const stated: Lost = { seq: after.seq + 1, prev: after.hash, time: isoTime(time), head, sink, gaps };
  return `{"time":"${stated.time}","type":"lost","head":${head},"sink":${JSON.stringify(sink)},"gaps":${gapsText(gaps)}${signature(lostMessage(stated), key)}}`;
}

/** Bytes that the signature of a marker of lost lines covers. */
export function lostMessage({ seq, prev, time, head, sink, gaps }: Lost): Buffer {
  return Buffer.from(`strongroom audit lost\n${seq}\n${prev}\n${time}\n${head}\n${JSON.stringify(sink)}\n${gapsText(gaps)}\n`);
}

function gapsText(gaps: readonly Gap[]): string {
  return JSON.stringify(gaps.map(({ from, anchor, to, next }) => ({ from, anchor, to, next })));
}

/** What a recovery marker states. */
export interface Recovery {
  /** First line that may be missing. */
  readonly from: number;
  /** Hash of the line before it. */
  readonly anchor: string;
  /** Last line that may be missing. */
  readonly seq: number;
  /** Hash of that one, which the next line carries as its `prev`. */
  readonly prev: string;
  /** RFC 3339. */
  readonly time: string;
  /** Head revision of the storage: after a crash the marker may be the last line that a sink has. */
  readonly head: number;
}

/** Gives a whole recovery marker, without a newline. */
export function recoveryLine(from: ChainPoint, to: ChainPoint, time: number, head: number, key: KeyObject | undefined): string {
  const stated: Recovery = { from: from.seq + 1, anchor: from.hash, seq: to.seq, prev: to.hash, time: isoTime(time), head };
  const { seq, prev, anchor } = stated;
  return `{"seq":${seq},"prev":"${prev}","time":"${stated.time}","type":"recovered","head":${head},"from":${stated.from},"anchor":"${anchor}"${signature(recoveryMessage(stated), key)}}`;
}

/** Bytes that a marker's signature covers. */
export function recoveryMessage({ from, anchor, seq, prev, time, head }: Recovery): Buffer {
  return Buffer.from(`strongroom audit recovered\n${from}\n${anchor}\n${seq}\n${prev}\n${time}\n${head}\n`);
}

/** Tells whether a signature (base64) is the key's. @param key Ed25519 public key */
export function signatureValid(message: Uint8Array, base64: unknown, key: KeyObject): boolean {
  return typeof base64 === 'string' && verify(null, message, key, Buffer.from(base64, 'base64'));
}

/** Names a key: the first 16 hexadecimal digits of the SHA-256 of its public part (SPKI, DER). */
export function keyId(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return lineHash(publicKey.export({ type: 'spki', format: 'der' })).slice(0, 16);
}

function signature(message: Uint8Array, key: KeyObject | undefined): string {
  return key ? `,"key":"${keyId(key)}","sig":"${sign(null, message, key).toString('base64')}"` : '';
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
