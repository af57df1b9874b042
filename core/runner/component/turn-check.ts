/**
 * Reads what a component answers. Everything in it is made by code that is not trusted: what comes out has exactly the shape that the
 * types promise, is about the call that was asked, and its data is JSON, so that it can't say anything about the envelope it is put into.
 */
import { failureCodes } from '../message-check.ts';
import type { Login, OutsideRequest } from '@strongroom/sdk-plugin';
import {
  type CryptoQuestion,
  cryptoOperations,
  type FailureMessage,
  type FromWorker,
  type Question,
  type ReplyMessage,
  type RotationChange,
  type Turn,
} from '@strongroom/sdk-plugin/serving';

/** An answer that breaks the contract: the instance is dropped. */
export class BadTurn extends Error {
  override readonly name = 'BadTurn';
}

type Questioning = Extract<FromWorker, { kind: 'question' }>;
/** What a turn may say. */
export type CheckedTurn =
  | { readonly kind: 'questions'; readonly questions: readonly Questioning[] }
  | { readonly kind: 'end'; readonly message: ReplyMessage | FailureMessage };

type Fields = Readonly<Record<string, unknown>>;
const listMax = 100_000;
const textMax = 65_536;

/** Checks an answer to a turn of `call`. @throws BadTurn */
export function checkTurn(call: number, { head, body, blobs }: Turn): CheckedTurn {
  const parsed = parse(head, 'head');
  if (Array.isArray(parsed)) return { kind: 'end', message: usualReply(call, parsed, body) };
  const fields = record(parsed, 'head');
  if (fields['call'] !== call) throw new BadTurn('field call: an answer about another request');
  switch (fields['kind']) {
    case 'questions':
      return { kind: 'questions', questions: list(fields['ask'], 'ask').map((ask) => question(call, record(ask, 'ask'), blobs)) };
    case 'failure':
      return { kind: 'end', message: failure(call, fields) };
    case 'reply':
      return { kind: 'end', message: reply(call, fields, body, blobs) };
    default:
      throw new BadTurn('field kind: expected questions, reply or failure');
  }
}

function question(call: number, ask: Fields, blobs: readonly Uint8Array[]): Questioning {
  return { kind: 'question', call, question: integer(ask['question'], 'question'), ask: asked(ask, blobs) };
}

function asked(ask: Fields, blobs: readonly Uint8Array[]): Question {
  switch (ask['kind']) {
    case 'get':
      return { kind: 'get', key: text(ask['key'], 'key') };
    case 'list':
      return {
        kind: 'list',
        directory: text(ask['directory'], 'directory'),
        after: text(ask['after'], 'after'),
        limit: integer(ask['limit'], 'limit'),
      };
    case 'fetch':
      return { kind: 'fetch', request: request(record(ask['request'], 'request'), blobs) };
    case 'hash-password':
      return { kind: 'hash-password', password: text(ask['password'], 'password') };
    case 'verify-password':
      return {
        kind: 'verify-password',
        password: text(ask['password'], 'password'),
        hash: ask['hash'] === undefined ? undefined : text(ask['hash'], 'hash'),
      };
    case 'crypto':
      return cryptoQuestion(ask, blobs);
    default:
      throw new BadTurn('field ask.kind: not one of the questions');
  }
}

const operations: ReadonlySet<unknown> = new Set(cryptoOperations);

/** What may be asked of keys is for whoever holds them to say; here it only gets its types. */
function cryptoQuestion(
  { op, params, algorithm, extractable, usages, format, length, bytes }: Fields,
  blobs: readonly Uint8Array[],
): Question {
  if (!operations.has(op)) throw new BadTurn('field op: not one of the operations');
  const named = Object.entries(record(bytes, 'bytes')).map(([name, at]): [string, Uint8Array] => [name, blobAt(at, 'bytes', blobs)]);
  return {
    kind: 'crypto',
    op: op as CryptoQuestion['op'],
    bytes: Object.fromEntries(named),
    ...(params === undefined ? {} : { params: record(params, 'params') }),
    ...(algorithm === undefined ? {} : { algorithm: record(algorithm, 'algorithm') }),
    ...(extractable === undefined ? {} : { extractable: extractable === true }),
    ...(usages === undefined ? {} : { usages: list(usages, 'usages').map((one) => text(one, 'usages')) }),
    ...(format === undefined ? {} : { format: text(format, 'format') }),
    ...(length === undefined ? {} : { length: integer(length, 'length') }),
  };
}

function blobAt(at: unknown, field: string, blobs: readonly Uint8Array[]): Uint8Array {
  const bytes = blobs[integer(at, field)];
  if (bytes === undefined) throw new BadTurn(`field ${field}: names a blob that is not there`);
  return bytes;
}

/** What may be asked of HTTP is for whoever sends it to say; here it only gets its types. */
function request({ method, url, headers, body }: Fields, blobs: readonly Uint8Array[]): OutsideRequest {
  const bytes = body === undefined ? undefined : blobAt(body, 'body', blobs);
  return {
    method: text(method, 'method') as OutsideRequest['method'],
    url: text(url, 'url'),
    ...(headers === undefined ? {} : { headers: texts(headers, 'headers') }),
    ...(bytes === undefined ? {} : { body: bytes }),
  };
}

function texts(value: unknown, field: string): Record<string, string> {
  return Object.fromEntries(Object.entries(record(value, field)).map(([name, one]) => [name, text(one, field)]));
}

function failure(call: number, fields: Fields): FailureMessage {
  const { code, report } = fields;
  if (!failureCodes.has(code)) throw new BadTurn('field code: not one of the codes');
  return {
    kind: 'failure',
    call,
    code: code as FailureMessage['code'],
    // What an internal failure says is for the operator.
    message: code === 'internal' ? '' : text(fields['message'], 'message'),
    ...(typeof report === 'string' ? { report: report.slice(0, textMax) } : {}),
  };
}

/** The reply of a handler that has written nothing, as a row. */
function usualReply(call: number, row: readonly unknown[], body: string): ReplyMessage {
  const [about, uncacheable, status, validUntil, leaseDuration] = row;
  if (about !== call) throw new BadTurn('field call: an answer about another request');
  if (body !== '') parse(body, 'body');
  const given: Mutable<NonNullable<ReplyMessage['reply']>> = {};
  if (body !== '') given.data = body;
  if (status !== null) given.status = integer(status, 'status');
  if (validUntil !== null) given.validUntil = finite(validUntil, 'validUntil');
  if (leaseDuration !== null) given.leaseDuration = finite(leaseDuration, 'leaseDuration');
  return { kind: 'reply', call, writes: [], uncacheable: uncacheable !== false, reply: given };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function reply(call: number, fields: Fields, body: string, blobs: readonly Uint8Array[]): ReplyMessage {
  if (body !== '') parse(body, 'body');
  const given = fields['reply'] === undefined ? undefined : record(fields['reply'], 'reply');
  const { carried, lease } = fields;
  return {
    kind: 'reply',
    call,
    ...(fields['more'] === true ? { more: true } : {}),
    ...(carried === undefined ? {} : { carried: jsonText(carried, 'carried') }),
    ...(fields['rotations'] === undefined ? {} : { rotations: list(fields['rotations'], 'rotations').map(rotationOf) }),
    ...(lease === undefined ? {} : { lease: leaseOf(record(lease, 'lease')) }),
    writes: list(fields['writes'], 'writes').map((write) => {
      const [key, blob] = list(write, 'writes');
      return { key: text(key, 'writes'), value: blob === -1 ? undefined : blobAt(blob, 'writes', blobs) };
    }),
    uncacheable: fields['uncacheable'] !== false,
    ...(given === undefined
      ? {}
      : {
          reply: {
            ...(body === '' ? {} : { data: body }),
            ...(given['warnings'] === undefined
              ? {}
              : { warnings: list(given['warnings'], 'warnings').map((one) => text(one, 'warnings')) }),
            ...(given['status'] === undefined ? {} : { status: integer(given['status'], 'status') }),
            ...(given['raw'] === undefined ? {} : { raw: blobAt(given['raw'], 'raw', blobs) }),
            ...(given['headers'] === undefined ? {} : { headers: texts(given['headers'], 'headers') }),
            // Whoever makes a token of it looks at every field.
            ...(given['login'] === undefined ? {} : { login: record(given['login'], 'login') as unknown as Login }),
            ...(given['validUntil'] === undefined ? {} : { validUntil: finite(given['validUntil'], 'validUntil') }),
            ...(given['leaseDuration'] === undefined ? {} : { leaseDuration: finite(given['leaseDuration'], 'leaseDuration') }),
          },
        }),
  };
}

/** The bounds are for whoever keeps it to say. */
function rotationOf(value: unknown): RotationChange {
  const { change, name, kind, every, grace, data } = record(value, 'rotations');
  const named = text(name, 'rotations.name');
  if (change === 'start' || change === 'stop') return { change, name: named };
  if (change !== 'keep') throw new BadTurn('field rotations.change: expected keep, start or stop');
  return {
    change,
    name: named,
    kind: text(kind, 'rotations.kind'),
    every: finite(every, 'rotations.every'),
    grace: finite(grace, 'rotations.grace'),
    data: jsonText(data, 'rotations.data'),
  };
}

function leaseOf({ kind, ttl, maxTtl, data }: Fields): NonNullable<ReplyMessage['lease']> {
  return {
    kind: text(kind, 'lease.kind'),
    data: jsonText(data, 'lease.data'),
    ...(ttl === undefined ? {} : { ttl: finite(ttl, 'lease.ttl') }),
    ...(maxTtl === undefined ? {} : { maxTtl: finite(maxTtl, 'lease.maxTtl') }),
  };
}

/** JSON in a text. */
function jsonText(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new BadTurn(`field ${field}: expected text`);
  parse(value, field);
  return value;
}

/** Parses JSON; the error of `JSON.parse` would quote it. */
function parse(json: string, field: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new BadTurn(`field ${field}: not JSON`);
  }
}

function record(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadTurn(`field ${field}: expected an object`);
  return value as Fields;
}

function list(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > listMax) throw new BadTurn(`field ${field}: expected a list of at most ${listMax}`);
  return value;
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.length > textMax) throw new BadTurn(`field ${field}: expected text of at most ${textMax}`);
  return value;
}

function integer(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new BadTurn(`field ${field}: expected a whole number from 0`);
  return value as number;
}

function finite(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadTurn(`field ${field}: expected a number`);
  return value;
}
