/** A running call: what it has asked, read and written, and the reply that becomes of it. */
import type { Crypto } from '../crypto.ts';
import type { Context, MountInfo, Passwords, Reply } from '../engine.ts';
import { PluginError } from '../errors.ts';
import type { Outside, Rotations } from '../outside.ts';
import type { Secret } from '../secret.ts';
import { stringifyJson } from '../stringify-json.ts';
import { decodeUtf8 } from '../utf8.ts';
import { CallContext, type RunningCall } from './call-context.ts';
import { cryptoClient } from './crypto-client.ts';
import type { AnswerMessage, CallMessage, PrefetchedEntry, Question, ReplyMessage, RotationChange } from './messages.ts';
import type { Room } from './room.ts';
import { type Entries, entriesOf, ListedEntries } from './turn.ts';
import type { Carried, Touch } from './run-phase.ts';

/** What a call has of the server that it runs in. */
export interface CallHome {
  mountInfo(text: string): MountInfo;
  /** @throws Error for a kind that the engine does not declare */
  checkRotation(kind: string): void;
  /** @param place of the entry of `key` */
  derive<T>(entries: Entries, place: number, key: string, mountId: string, parse: (value: Uint8Array) => T): T | undefined;
}

/** One running handler. Its fields are declared and not `#`: in a component one is made for each call, and QuickJS takes its time over such fields. */
export class Call implements RunningCall, Touch {
  declare readonly message: CallMessage;
  declare private readonly server: CallHome;
  declare private readonly room: Room;
  declare private readonly entries: Entries;
  /** Entries that were asked for; and what else few calls have: on the prototype until it is needed. */
  declare private asked: Map<string, PrefetchedEntry> | undefined;
  declare private writes: Map<string, Uint8Array | undefined> | undefined;
  declare private rotationChanges: RotationChange[] | undefined;
  declare private waiting: Map<number, (answer: AnswerMessage) => void> | undefined;
  declare private questions: number;
  declare private uncacheable: boolean;

  constructor(message: CallMessage, server: CallHome, room: Room) {
    this.message = message;
    this.server = server;
    this.room = room;
    this.entries = entriesOf(message);
  }

  answer(message: AnswerMessage): void {
    const resolve = this.waiting?.get(message.question);
    this.waiting?.delete(message.question);
    // After a restart the host has forgotten this call.
    if (message.restart === undefined) resolve?.(message);
  }

  private ask<T>(ask: Question, use: (answer: AnswerMessage) => T): Promise<T> {
    const question = ++this.questions;
    this.room.send({ kind: 'question', call: this.message.call, question, ask });
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    (this.waiting ??= new Map<number, (answer: AnswerMessage) => void>()).set(question, (answer) => {
      try {
        resolve(use(answer));
      } catch (error) {
        // Whatever the engine threw.
        reject(error);
      }
    });
    return promise;
  }

  /** Asks for an entry; what is made of it is the one promise of all this. */
  private fetched<T>(key: string, use: (entries: Entries, place: number) => T): Promise<T> {
    return this.ask({ kind: 'get', key }, ({ entry = { key, revision: 0, value: undefined } }) => {
      (this.asked ??= new Map<string, PrefetchedEntry>()).set(key, entry);
      return use(new ListedEntries([entry]), 1);
    });
  }

  /** What is made of an entry: at once if it came with the call or was asked for, which costs a component no turn of promises. */
  private read<T>(key: string, use: (entries: Entries, place: number) => T): Promise<T> {
    try {
      const place = this.entries.find(key);
      if (place !== 0) return Promise.resolve(use(this.entries, place));
      const asked = this.asked?.get(key);
      return asked === undefined ? this.fetched(key, use) : Promise.resolve(use(new ListedEntries([asked]), 1));
    } catch (error) {
      // Whatever the engine threw, or what is no text.
      return Promise.reject(error);
    }
  }

  private async listed(directory: string, after = '', limit = 1_000_000): Promise<readonly string[]> {
    const mine = [...(this.writes ?? [])].filter(([key]) => key.startsWith(directory));
    const names = await this.ask({ kind: 'list', directory, after, limit: limit + mine.length }, (answer) => answer.names ?? []);
    const merged = new Set(names);
    const thinned = new Set<string>();
    for (const [key, value] of mine) {
      const name = key.slice(directory.length).replace(/\/.*$/s, '/');
      if (value !== undefined && name > after) merged.add(name);
      else if (!name.endsWith('/')) merged.delete(name);
      else if (merged.has(name)) thinned.add(name);
    }
    // A directory is there as long as something is in it.
    for (const name of thinned) if ((await this.listed(directory + name, '', 1)).length === 0) merged.delete(name);
    return [...merged].sort().slice(0, limit);
  }

  /** What a step in a transaction may touch. */
  context(): Context {
    return new CallContext(this);
  }

  get mount(): MountInfo {
    return this.server.mountInfo(this.message.mount);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    if (this.writes?.has(key) === true) return Promise.resolve(this.writes.get(key));
    return this.read(key, bytesAt);
  }

  text(key: string): Promise<string | undefined> {
    if (this.writes?.has(key) === true) return this.written(key, decodeUtf8);
    return this.read(key, textAt);
  }

  derived<T>(key: string, parse: (value: Uint8Array) => T): Promise<T | undefined> {
    if (this.writes?.has(key) === true) return this.written(key, parse);
    return this.read(key, (entries, place) => this.server.derive(entries, place, key, this.message.mountId, parse));
  }

  private written<T>(key: string, use: (value: Uint8Array) => T): Promise<T | undefined> {
    try {
      const written = this.writes?.get(key);
      return Promise.resolve(written && use(written));
    } catch (error) {
      // Whatever the engine threw.
      return Promise.reject(error);
    }
  }

  list(directory: string, after?: string, limit?: number): Promise<readonly string[]> {
    return this.listed(directory, after, limit);
  }

  /** @param value undefined deletes */
  write(key: string, value: Uint8Array | undefined): void {
    (this.writes ??= new Map<string, Uint8Array | undefined>()).set(key, value);
  }

  passwords(): Passwords {
    return {
      hash: async (password) => {
        this.uncacheable = true;
        const hash = await this.ask({ kind: 'hash-password', password: plain(password) }, (answer) => answer.hash);
        if (hash === undefined) throw new Error('the host hashed nothing');
        return hash;
      },
      verify: async (password, hash) => {
        this.uncacheable = true;
        return this.ask({ kind: 'verify-password', password: plain(password), hash }, ({ fits }) => fits === true);
      },
    };
  }

  rotations(): Rotations {
    return {
      keep: (name, { kind, every, grace = 0, data }) => {
        this.server.checkRotation(kind);
        this.rotate({ change: 'keep', name, kind, every, grace, data: stringifyJson(data) });
      },
      start: (name) => this.rotate({ change: 'start', name }),
      stop: (name) => this.rotate({ change: 'stop', name }),
    };
  }

  private rotate(change: RotationChange): void {
    (this.rotationChanges ??= []).push(change);
  }

  /** The answer depends on more than storage. */
  notCacheable(): void {
    this.uncacheable = true;
  }

  random(size: number): Uint8Array {
    return this.room.random(size);
  }

  log(level: Parameters<Context['log']>[0], message: string): void {
    this.room.send({ kind: 'log', level, message: message.slice(0, 4096), mountId: this.message.mountId });
  }

  crypto(): Crypto {
    return cryptoClient(
      (question) => this.ask(question, (answer) => answer),
      () => void (this.uncacheable = true),
    );
  }

  /** What a step outside may touch. */
  outside(): Outside {
    const { now } = this.message;
    return {
      fetch: (request) =>
        this.ask({ kind: 'fetch', request }, ({ response, refused }) => {
          if (response === undefined) throw new PluginError('upstream', refused ?? 'no answer');
          return response;
        }),
      crypto: this.crypto(),
      now: () => now,
      random: (size) => this.room.random(size),
      log: (level, message) => this.log(level, message),
    };
  }

  /** Sends what came of it. @throws TypeError for what is no JSON */
  end(reply: Reply | undefined, carried: Carried | undefined): void {
    const { room } = this;
    if (room.sendUsual !== undefined && reply !== undefined && carried === undefined && this.writes === undefined) {
      const { data, raw, headers, warnings, login } = reply;
      if (
        this.rotationChanges === undefined &&
        raw === undefined &&
        headers === undefined &&
        warnings === undefined &&
        login === undefined
      ) {
        room.sendUsual(this.message.call, this.uncacheable, data === undefined ? undefined : stringifyJson(data), reply);
        return;
      }
    }
    room.send(this.reply(reply, carried));
  }

  private reply(reply: Reply | undefined, carried: Carried | undefined): ReplyMessage {
    const writes: { readonly key: string; readonly value: Uint8Array | undefined }[] = [];
    if (this.writes !== undefined) for (const [key, value] of this.writes) writes.push({ key, value });
    const message: Mutable<ReplyMessage> = { kind: 'reply', call: this.message.call, writes, uncacheable: this.uncacheable };
    if (carried !== undefined) Object.assign(message, carried);
    if (this.rotationChanges !== undefined) message.rotations = this.rotationChanges;
    if (reply === undefined) return message;
    const { data, raw, headers, warnings, status, validUntil, leaseDuration, login } = reply;
    const given: Mutable<NonNullable<ReplyMessage['reply']>> = {};
    if (data !== undefined) given.data = stringifyJson(data);
    if (raw !== undefined) given.raw = raw;
    if (headers !== undefined) given.headers = headers;
    if (warnings !== undefined) given.warnings = warnings;
    if (status !== undefined) given.status = status;
    if (validUntil !== undefined) given.validUntil = validUntil;
    if (leaseDuration !== undefined) given.leaseDuration = leaseDuration;
    if (login !== undefined) given.login = login;
    message.reply = given;
    return message;
  }
}

Object.assign(Call.prototype, {
  asked: undefined,
  writes: undefined,
  rotationChanges: undefined,
  waiting: undefined,
  questions: 0,
  uncacheable: false,
});

function bytesAt(entries: Entries, place: number): Uint8Array | undefined {
  return entries.bytes(place);
}

function textAt(entries: Entries, place: number): string | undefined {
  return entries.text(place);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function plain(password: string | Secret): string {
  return typeof password === 'string' ? password : password.reveal();
}
