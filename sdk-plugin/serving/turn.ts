/**
 * How the messages of a room travel to and from a component: a head of JSON, the data of a reply as text of its own (JSON inside JSON costs
 * twice), and bytes beside them, which the head names by position. The call of a handler and its usual reply are rows, because a component reads
 * and prints a list in half the time of an object. ABI.md has the shapes.
 */
import type { Reply } from '../engine.ts';
import type { OutsideRequest, OutsideResponse } from '../outside.ts';
import { decodeUtf8, encodeUtf8 } from '../utf8.ts';
import type {
  AnswerMessage,
  CallMessage,
  CryptoQuestion,
  FromWorker,
  PrefetchedEntry,
  Question,
  ReplyMessage,
  ToWorker,
} from './messages.ts';

/** The record `message` of the world. */
export interface Turn {
  readonly head: string;
  readonly body: string;
  readonly blobs: readonly Uint8Array[];
}

/** An entry in a head: key, revision, position of its bytes or -1. */
export type EntryHead = readonly [key: string, revision: number, blob: number];
/** Heads from the host. */
export type ToHead =
  | (Omit<CallMessage, 'entries'> & { readonly entries: readonly EntryHead[] })
  | (Omit<AnswerMessage, 'entry' | 'response' | 'out'> & {
      readonly entry?: EntryHead;
      readonly response?: WithBlob<OutsideResponse>;
      /** Positions. */
      readonly out?: readonly number[];
    });

/** A question in a head. */
export type QuestionHead = { readonly question: number } & (
  | Exclude<Question, { kind: 'fetch' | 'crypto' }>
  | (Omit<CryptoQuestion, 'bytes'> & { readonly bytes: Readonly<Record<string, number>> })
  | { readonly kind: 'fetch'; readonly request: WithBlob<OutsideRequest> }
);
/** A question that was asked. */
export interface Asked {
  readonly question: number;
  readonly ask: Question;
}
/** HTTP in a head: `body` is the position of its bytes. */
export type WithBlob<T> = Omit<T, 'body'> & { readonly body?: number };
/** The end of a call. */
export interface ReplyHead extends Omit<ReplyMessage, 'writes' | 'reply'> {
  /** Without data: that is the body. */
  readonly reply?: Omit<NonNullable<ReplyMessage['reply']>, 'data' | 'raw'> & { readonly raw?: number };
  /** Key, position of its bytes or -1. */
  readonly writes: readonly (readonly [key: string, blob: number])[];
}
/** Why a call failed. */
export type FailureMessage = Extract<FromWorker, { kind: 'failure' }>;

/**
 * The call of a handler, then key, revision and place of each entry: the position of its bytes, -1 for no such entry, or -2 less the length of its
 * text. The body has the mount and the caller, a line each, and from `textsAt` on the texts, end to end.
 */
type CallRow = readonly [
  call: number,
  mountId: string,
  template: string,
  verb: CallMessage['verb'],
  params: CallMessage['params'],
  input: CallMessage['input'],
  now: number,
  textsAt: number,
  ...entries: readonly (string | number)[],
];
const entriesInRow = 8;
const fieldsOfEntry = 3;
const absent = -1;

/** Makes a turn of a message to a plugin. @param asciiOf the text of bytes that are ASCII: it crosses for less, and need not be decoded there */
export function toTurn(message: ToWorker, asciiOf: (bytes: Uint8Array) => string | undefined): Turn {
  const blobs: Uint8Array[] = [];
  const place = (value: Uint8Array | undefined): number => (value === undefined ? absent : blobs.push(value) - 1);
  const head = ({ key, revision, value }: PrefetchedEntry): EntryHead => [key, revision, place(value)];
  if (message.kind === 'answer') return { head: JSON.stringify(answerHead(message)), body: '', blobs };
  const { call, phase, name, carried, mountId, mount, template, verb, params, input, now, caller, entries } = message;
  if (phase !== 'handle' || name !== undefined || carried !== undefined)
    return { head: JSON.stringify({ ...message, entries: entries.map(head) }), body: '', blobs };
  let body = `${mount}\n${caller}\n`;
  const row: unknown[] = [call, mountId, template, verb, params, input, now, body.length] satisfies CallRow;
  for (const { key, revision, value } of entries) {
    const text = value && asciiOf(value);
    row.push(key, revision, text === undefined ? place(value) : absent - 1 - text.length);
    if (text !== undefined) body += text;
  }
  return { head: JSON.stringify(row), body, blobs };

  function answerHead({ entry, response, out, ...rest }: AnswerMessage): ToHead {
    return {
      ...rest,
      ...(entry === undefined ? {} : { entry: head(entry) }),
      ...(response === undefined ? {} : { response: { ...response, body: blobs.push(response.body) - 1 } }),
      ...(out === undefined ? {} : { out: out.map((bytes) => blobs.push(bytes) - 1) }),
    };
  }
}

/** The same turn with a name for each field and bytes for each entry, for a plugin that reads no rows. */
export function withNames(turn: Turn): Turn {
  if (!turn.head.startsWith('[')) return turn;
  const row = new CallOfRow(JSON.parse(turn.head) as CallRow, turn.body, turn.blobs);
  const { kind, call, phase, mountId, mount, template, verb, params, input, now, caller } = row;
  const blobs: Uint8Array[] = [];
  const entries = row.entries.map(({ key, revision, value }): EntryHead => [
    key,
    revision,
    value === undefined ? absent : blobs.push(value) - 1,
  ]);
  const head = { kind, call, phase, mountId, mount, template, verb, params, input, now, caller, entries } satisfies ToHead;
  return { head: JSON.stringify(head), body: '', blobs };
}

/** A call that came as a row, which is looked into as it is asked: to set ten fields costs a component more. */
class CallOfRow implements CallMessage {
  declare readonly kind: 'call';
  declare readonly phase: 'handle';
  declare private readonly row: CallRow;
  declare private readonly body: string;
  declare private readonly blobs: readonly Uint8Array[];

  constructor(row: CallRow, body: string, blobs: readonly Uint8Array[]) {
    this.row = row;
    this.body = body;
    this.blobs = blobs;
  }

  get call(): number {
    return this.row[0];
  }

  get mountId(): string {
    return this.row[1];
  }

  get template(): string {
    return this.row[2];
  }

  get verb(): CallMessage['verb'] {
    return this.row[3];
  }

  get params(): CallMessage['params'] {
    return this.row[4];
  }

  get input(): CallMessage['input'] {
    return this.row[5];
  }

  get now(): number {
    return this.row[6];
  }

  get mount(): string {
    return this.body.slice(0, this.body.indexOf('\n'));
  }

  get caller(): string {
    const from = this.body.indexOf('\n') + 1;
    return this.body.slice(from, this.body.indexOf('\n', from));
  }

  get entries(): readonly PrefetchedEntry[] {
    const entries: PrefetchedEntry[] = [];
    for (let at = entriesInRow; at < this.row.length; at += fieldsOfEntry)
      entries.push({ key: this.row[at] as string, revision: this.revision(at), value: this.bytes(at) });
    return entries;
  }

  /** Where an entry stands, or 0: nothing is made for what is only looked for. */
  find(key: string): number {
    const { row } = this;
    for (let at = entriesInRow; at < row.length; at += fieldsOfEntry) if (row[at] === key) return at;
    return 0;
  }

  revision(at: number): number {
    return this.row[at + 1] as number;
  }

  bytes(at: number): Uint8Array | undefined {
    const place = this.row[at + 2] as number;
    return place < absent ? encodeUtf8(this.slice(at, place)) : this.blobs[place];
  }

  text(at: number): string | undefined {
    const place = this.row[at + 2] as number;
    return place < absent ? this.slice(at, place) : textOf(this.blobs[place]);
  }

  private slice(at: number, place: number): string {
    const { row } = this;
    let from = row[7];
    for (let before = entriesInRow; before < at; before += fieldsOfEntry) {
      const length = absent - 1 - (row[before + 2] as number);
      if (length > 0) from += length;
    }
    return this.body.slice(from, from + absent - 1 - place);
  }
}
Object.assign(CallOfRow.prototype, { kind: 'call', phase: 'handle' });

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decodeUtf8(bytes);
}

/** Entries as a running call finds them. Places are numbers from 1. */
export interface Entries {
  /** Its place, or 0. */
  find(key: string): number;
  revision(place: number): number;
  bytes(place: number): Uint8Array | undefined;
  /** @throws RangeError for bytes that are no text */
  text(place: number): string | undefined;
}

/** Entries in a list, the first at place 1. */
export class ListedEntries implements Entries {
  private readonly entries: readonly PrefetchedEntry[];

  constructor(entries: readonly PrefetchedEntry[]) {
    this.entries = entries;
  }

  find(key: string): number {
    return this.entries.findIndex((entry) => entry.key === key) + 1;
  }

  revision(place: number): number {
    return this.entries[place - 1]?.revision ?? 0;
  }

  bytes(place: number): Uint8Array | undefined {
    return this.entries[place - 1]?.value;
  }

  text(place: number): string | undefined {
    return textOf(this.bytes(place));
  }
}

/** The entries that came with a call. */
export function entriesOf(message: CallMessage): Entries {
  return message instanceof CallOfRow ? message : new ListedEntries(message.entries);
}

/** Reads a turn that the host made. */
export function fromTurn({ head, body, blobs }: Turn): ToWorker {
  // By position: to take an array apart costs a component an iterator.
  const entryOf = (entry: EntryHead): PrefetchedEntry => ({ key: entry[0], revision: entry[1], value: blobs[entry[2]] });
  // Written by the host.
  const read = JSON.parse(head) as ToHead | CallRow;
  if (isRow(read)) return new CallOfRow(read, body, blobs);
  // Nobody else has it, and to copy its members would cost more than to read them: those with bytes are replaced in it.
  const message = read as unknown as Mutable<CallMessage> | Mutable<AnswerMessage>;
  if (read.kind === 'call') {
    const entries: PrefetchedEntry[] = [];
    for (const entry of read.entries) entries.push(entryOf(entry));
    (message as Mutable<CallMessage>).entries = entries;
    return message;
  }
  const answer = message as Mutable<AnswerMessage>;
  const { entry, response, out } = read;
  if (entry !== undefined) answer.entry = entryOf(entry);
  if (response !== undefined) answer.response = { ...response, body: blobs[response.body ?? 0] ?? new Uint8Array(0) };
  if (out !== undefined) answer.out = out.map((blob) => blobs[blob] ?? new Uint8Array(0));
  return message;
}

// Array.isArray alone does not narrow a union with readonly arrays.
function isRow(read: ToHead | CallRow): read is CallRow {
  return Array.isArray(read);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Makes a turn of a plugin's questions. */
export function questionsTurn(call: number, asked: readonly Asked[]): Turn {
  const blobs: Uint8Array[] = [];
  // As in `endTurn`: the usual ones are put together.
  const ask = asked.map(({ question, ask: one }): string => {
    if (one.kind === 'get') return `{"question":${question},"kind":"get","key":${JSON.stringify(one.key)}}`;
    return JSON.stringify(questionHead(question, one));
  });
  return { head: `{"kind":"questions","call":${call},"ask":[${ask.join(',')}]}`, body: '', blobs };

  function questionHead(question: number, one: Question): QuestionHead {
    if (one.kind === 'crypto') {
      const bytes = Object.entries(one.bytes).map(([name, value]): [string, number] => [name, blobs.push(value) - 1]);
      return { question, ...one, bytes: Object.fromEntries(bytes) };
    }
    if (one.kind !== 'fetch') return { question, ...one };
    const { body, ...request } = one.request;
    return { question, kind: 'fetch', request: body === undefined ? request : { ...request, body: blobs.push(body) - 1 } };
  }
}

/** Makes a turn of the end of a call. */
export function endTurn(message: ReplyMessage | FailureMessage): Turn {
  if (message.kind === 'failure') return { head: JSON.stringify(message), body: '', blobs: [] };
  const { call, uncacheable, writes, reply, carried, lease, rotations, more } = message;
  const blobs: Uint8Array[] = [];
  // Put together from texts: to print an object costs a component several times as much.
  let head = `{"kind":"reply","call":${call},"uncacheable":${uncacheable},"writes":`;
  if (writes.length === 0) head += '[]';
  else
    head += JSON.stringify(
      writes.map(({ key, value }) => [key, value === undefined ? -1 : blobs.push(value) - 1]) satisfies ReplyHead['writes'],
    );
  if (reply !== undefined) head += `,"reply":{${replyMembers(reply, blobs)}}`;
  if (carried !== undefined) head += `,"carried":${JSON.stringify(carried)}`;
  if (lease !== undefined) head += `,"lease":${JSON.stringify(lease)}`;
  if (rotations !== undefined) head += `,"rotations":${JSON.stringify(rotations)}`;
  if (more !== undefined) head += `,"more":${more}`;
  return { head: `${head}}`, body: reply?.data ?? '', blobs };
}

/** Makes a turn of the end of a call by a reply that has no more than this. */
export function usualTurn(
  call: number,
  uncacheable: boolean,
  data: string | undefined,
  { status, validUntil, leaseDuration }: Pick<Reply, 'status' | 'validUntil' | 'leaseDuration'>,
): Turn {
  const times = `${validUntil === undefined ? 'null' : validUntil},${leaseDuration === undefined ? 'null' : leaseDuration}]`;
  return { head: `[${call},${uncacheable},${status === undefined ? 'null' : status},${times}`, body: data ?? '', blobs: [] };
}

function replyMembers(reply: NonNullable<ReplyMessage['reply']>, blobs: Uint8Array[]): string {
  let members = '';
  for (const name in reply) {
    // The data is the body.
    if (name === 'data') continue;
    const value = reply[name as keyof typeof reply];
    members += `${members === '' ? '' : ','}"${name}":${name === 'raw' ? blobs.push(value as Uint8Array) - 1 : JSON.stringify(value)}`;
  }
  return members;
}
