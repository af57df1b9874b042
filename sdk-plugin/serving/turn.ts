/**
 * How the messages of a room travel to and from a component: a head of JSON, the data of a reply as text of its own (JSON inside JSON costs
 * twice), and bytes beside them, which the head names by position. ABI.md has the shapes.
 */
import type { AnswerMessage, CallMessage, FromWorker, PrefetchedEntry, Question, ReplyMessage, ToWorker } from './messages.ts';

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
  | (Omit<AnswerMessage, 'entry'> & { readonly entry?: EntryHead });

/** A question in a head. */
export type QuestionHead = { readonly question: number } & Question;
/** What a call waits for. */
export interface QuestionsHead {
  readonly kind: 'questions';
  readonly call: number;
  readonly ask: readonly QuestionHead[];
}
/** The end of a call. */
export interface ReplyHead extends Omit<ReplyMessage, 'writes' | 'reply'> {
  /** Without data: that is the body. */
  readonly reply?: Omit<NonNullable<ReplyMessage['reply']>, 'data'>;
  /** Key, position of its bytes or -1. */
  readonly writes: readonly (readonly [key: string, blob: number])[];
}
/** Why a call failed. */
export type FailureMessage = Extract<FromWorker, { kind: 'failure' }>;

const decoderOf = (blobs: readonly Uint8Array[]) => {
  return ([key, revision, blob]: EntryHead): PrefetchedEntry => ({ key, revision, value: blob < 0 ? undefined : blobs[blob] });
};

/** Makes a turn of a message to a plugin. */
export function toTurn(message: ToWorker): Turn {
  const blobs: Uint8Array[] = [];
  const head = ({ key, revision, value }: PrefetchedEntry): EntryHead => [key, revision, value === undefined ? -1 : blobs.push(value) - 1];
  const made: ToHead =
    message.kind === 'call'
      ? { ...message, entries: message.entries.map(head) }
      : { ...(message as Omit<AnswerMessage, 'entry'>), ...(message.entry === undefined ? {} : { entry: head(message.entry) }) };
  return { head: JSON.stringify(made), body: '', blobs };
}

/** Reads a turn that the host made. */
export function fromTurn({ head, blobs }: Turn): ToWorker {
  const entry = decoderOf(blobs);
  // Written by the host.
  const read = JSON.parse(head) as ToHead;
  if (read.kind === 'call') return { ...read, entries: read.entries.map(entry) };
  const { entry: found, ...rest } = read;
  return found === undefined ? rest : { ...rest, entry: entry(found) };
}

/** Makes a turn of a plugin's questions. */
export function questionsTurn(call: number, ask: readonly QuestionHead[]): Turn {
  return { head: JSON.stringify({ kind: 'questions', call, ask } satisfies QuestionsHead), body: '', blobs: [] };
}

/** Makes a turn of the end of a call. */
export function endTurn(message: ReplyMessage | FailureMessage): Turn {
  if (message.kind === 'failure') return { head: JSON.stringify(message), body: '', blobs: [] };
  const blobs: Uint8Array[] = [];
  const { reply, writes, ...rest } = message;
  const { data = '', ...plain } = reply ?? {};
  const head: ReplyHead = {
    ...rest,
    writes: writes.map(({ key, value }) => [key, value === undefined ? -1 : blobs.push(value) - 1] as const),
    ...(reply === undefined ? {} : { reply: plain }),
  };
  return { head: JSON.stringify(head), body: data, blobs };
}
