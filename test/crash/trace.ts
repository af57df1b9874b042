/** Reads what the shim wrote down. */
import { readFileSync } from 'node:fs';

/** One thing that a process did, in the order in which it did them. */
export type TraceEvent =
  | { readonly kind: 'create'; readonly path: string; readonly inode: bigint }
  | { readonly kind: 'write'; readonly path: string; readonly inode: bigint; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly inode: bigint; readonly length: number }
  /** What came before its begin is on the device at its end. */
  | { readonly kind: 'sync-begin' | 'sync-end'; readonly path: string; readonly inode: bigint; readonly serial: number }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'unlink' | 'mkdir'; readonly path: string }
  /** Bytes that went out to the client at a port. */
  | { readonly kind: 'answer'; readonly port: number; readonly data: Buffer };

const headBytes = 28;

/** Reads a trace file; a part of a record at its end is ignored. */
export function readTrace(file: string): readonly TraceEvent[] {
  const bytes = readFileSync(file);
  const events: TraceEvent[] = [];
  for (let at = 0; at + headBytes <= bytes.length;) {
    const pathBytes = bytes.readUInt32LE(at + 4);
    const dataBytes = bytes.readUInt32LE(at + 8);
    const start = at + headBytes;
    const end = start + pathBytes + dataBytes;
    if (end > bytes.length) break;
    const path = bytes.toString('utf8', start, start + pathBytes);
    const data = bytes.subarray(start + pathBytes, end);
    const number = Number(bytes.readBigUInt64LE(at + 20));
    events.push(eventOf(bytes.readUInt32LE(at), path, data, bytes.readBigUInt64LE(at + 12), number));
    at = end;
  }
  return events;
}

function eventOf(kind: number, path: string, data: Buffer, inode: bigint, number: number): TraceEvent {
  if (kind === 1) return { kind: 'create', path, inode };
  if (kind === 2) return { kind: 'write', path, inode, offset: number, data };
  if (kind === 3) return { kind: 'truncate', path, inode, length: number };
  if (kind === 4) return { kind: 'sync-begin', path, inode, serial: number };
  if (kind === 5) return { kind: 'sync-end', path, inode, serial: number };
  if (kind === 6) return { kind: 'rename', path, to: data.toString() };
  if (kind === 7) return { kind: 'unlink', path };
  if (kind === 8) return { kind: 'mkdir', path };
  if (kind === 9) return { kind: 'answer', port: number, data };
  throw new Error(`unknown kind ${kind} in the trace`);
}

/** How many complete answers the client at each port had been sent before event `cut`. */
export function answersBefore(events: readonly TraceEvent[], cut: number): ReadonlyMap<number, number> {
  const texts = new Map<number, Buffer[]>();
  for (const event of events.slice(0, cut)) {
    if (event.kind !== 'answer') continue;
    const parts = texts.get(event.port);
    if (parts === undefined) texts.set(event.port, [event.data]);
    else parts.push(event.data);
  }
  return new Map([...texts].map(([port, parts]) => [port, countAnswers(Buffer.concat(parts))]));
}

function countAnswers(bytes: Buffer): number {
  let answers = 0;
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) return answers;
    const length = /content-length: (\d+)/i.exec(bytes.toString('latin1', at, end))?.[1] ?? '0';
    at = end + 4 + Number(length);
    if (at > bytes.length) return answers;
    answers++;
  }
}
