/**
 * What the host sends to a worker in one turn of its event loop: the heads and bodies that a component takes, as texts, and all bytes end to end.
 * To clone the messages as objects costs twice as much as to print and parse them, and a component's worker need not parse them at all.
 *
 *     [ [[kind, call, mount, restart, head, body, length of each of its bytes...], ...], bytes ]
 */
import { isAscii } from 'node:buffer';
import { type ToWorker, toTurn, type Turn } from '@strongroom/sdk-plugin/serving';

/** A message on its way to a plugin, and what its worker has to know of it. */
export interface Incoming {
  readonly kind: ToWorker['kind'];
  readonly call: number;
  /** Of a call. */
  readonly mountId: string;
  /** Of an answer: the call is given up. */
  readonly restart: boolean;
  readonly turn: Turn;
}

type Row = [kind: ToWorker['kind'], call: number, mountId: string, restart: boolean, head: string, body: string, ...lengths: number[]];
/** Messages as they cross. */
export type Batch = readonly [rows: readonly Row[], bytes: Uint8Array];

/** A message as its worker sees it. */
export function incomingOf(message: ToWorker): Incoming {
  const { kind, call } = message;
  const turn = toTurn(message, asciiOf);
  return kind === 'call'
    ? { kind, call, mountId: message.mountId, restart: false, turn }
    : { kind, call, mountId: '', restart: message.restart === true, turn };
}

function asciiOf(bytes: Uint8Array): string | undefined {
  return isAscii(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') : undefined;
}

/** Packs messages. The bytes are a copy, which may be transferred. */
export function packBatch(messages: readonly ToWorker[]): readonly [rows: readonly Row[], bytes: Uint8Array<ArrayBuffer>] {
  const rows: Row[] = [];
  const blobs: Uint8Array[] = [];
  let size = 0;
  for (const message of messages) {
    const { kind, call, mountId, restart, turn } = incomingOf(message);
    const row: Row = [kind, call, mountId, restart, turn.head, turn.body];
    for (const blob of turn.blobs) {
      row.push(blob.length);
      blobs.push(blob);
      size += blob.length;
    }
    rows.push(row);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const blob of blobs) {
    bytes.set(blob, at);
    at += blob.length;
  }
  return [rows, bytes];
}

/** Unpacks messages. Each has a copy of its own bytes: a plugin that keeps some keeps no others. */
export function unpackBatch([rows, bytes]: Batch): readonly Incoming[] {
  let at = 0;
  return rows.map((row) => {
    const [kind, call, mountId, restart, head, body] = row;
    const blobs: Uint8Array[] = [];
    let size = 0;
    for (let index = fieldsOfRow; index < row.length; index += 1) size += row[index] as number;
    const own = size === 0 ? nothing : bytes.slice(at, at + size);
    at += size;
    let begin = 0;
    for (let index = fieldsOfRow; index < row.length; index += 1) blobs.push(own.subarray(begin, (begin += row[index] as number)));
    return { kind, call, mountId, restart, turn: { head, body, blobs } };
  });
}

const fieldsOfRow = 6;
const nothing = new Uint8Array(0);
