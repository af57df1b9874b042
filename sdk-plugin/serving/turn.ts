/**
 * How the messages of a room travel to and from a component: a head of JSON, the data of a reply as text of its own (JSON inside JSON costs
 * twice), and bytes beside them, which the head names by position. ABI.md has the shapes.
 */
import type { OutsideRequest, OutsideResponse } from '../outside.ts';
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

/** Makes a turn of a message to a plugin. */
export function toTurn(message: ToWorker): Turn {
  const blobs: Uint8Array[] = [];
  const head = ({ key, revision, value }: PrefetchedEntry): EntryHead => [key, revision, value === undefined ? -1 : blobs.push(value) - 1];
  return {
    head: JSON.stringify(message.kind === 'call' ? { ...message, entries: message.entries.map(head) } : answerHead(message)),
    body: '',
    blobs,
  };

  function answerHead({ entry, response, out, ...rest }: AnswerMessage): ToHead {
    return {
      ...rest,
      ...(entry === undefined ? {} : { entry: head(entry) }),
      ...(response === undefined ? {} : { response: { ...response, body: blobs.push(response.body) - 1 } }),
      ...(out === undefined ? {} : { out: out.map((bytes) => blobs.push(bytes) - 1) }),
    };
  }
}

/** Reads a turn that the host made. */
export function fromTurn({ head, blobs }: Turn): ToWorker {
  // By position: to take an array apart costs a component an iterator.
  const entryOf = (entry: EntryHead): PrefetchedEntry => ({ key: entry[0], revision: entry[1], value: blobs[entry[2]] });
  // Written by the host.
  const read = JSON.parse(head) as ToHead;
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
