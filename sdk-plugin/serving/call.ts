/** A running call: what it has asked, read and written, and the reply that becomes of it. */
import type { Crypto } from '../crypto.ts';
import type { Context, MountInfo, Passwords, Reply } from '../engine.ts';
import { PluginError } from '../errors.ts';
import type { Outside, Rotations } from '../outside.ts';
import type { Secret } from '../secret.ts';
import { stringifyJson } from '../stringify-json.ts';
import { CallContext, type RunningCall } from './call-context.ts';
import { cryptoClient } from './crypto-client.ts';
import type { AnswerMessage, CallMessage, PrefetchedEntry, Question, ReplyMessage, RotationChange } from './messages.ts';
import type { Room } from './room.ts';
import type { Carried, Touch } from './run-phase.ts';

/** What a call has of the server that it runs in. */
export interface CallHome {
  mountInfo(text: string): MountInfo;
  /** @throws Error for a kind that the engine does not declare */
  checkRotation(kind: string): void;
  derive<T>(entry: PrefetchedEntry, mountId: string, parse: (value: Uint8Array) => T): T | undefined;
}

/** One running handler. */
export class Call implements RunningCall, Touch {
  readonly #message: CallMessage;
  readonly #server: CallHome;
  readonly #room: Room;
  /** Entries that were asked for; and what else few calls have, which is made when it is needed. */
  #asked: Map<string, PrefetchedEntry> | undefined;
  #writes: Map<string, Uint8Array | undefined> | undefined;
  #rotations: RotationChange[] | undefined;
  #waiting: Map<number, (answer: AnswerMessage) => void> | undefined;
  #questions = 0;
  #uncacheable = false;

  constructor(message: CallMessage, server: CallHome, room: Room) {
    this.#message = message;
    this.#server = server;
    this.#room = room;
  }

  answer(message: AnswerMessage): void {
    const resolve = this.#waiting?.get(message.question);
    this.#waiting?.delete(message.question);
    // After a restart the host has forgotten this call.
    if (message.restart === undefined) resolve?.(message);
  }

  #ask<T>(ask: Question, use: (answer: AnswerMessage) => T): Promise<T> {
    const question = ++this.#questions;
    this.#room.send({ kind: 'question', call: this.#message.call, question, ask });
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    (this.#waiting ??= new Map<number, (answer: AnswerMessage) => void>()).set(question, (answer) => {
      try {
        resolve(use(answer));
      } catch (error) {
        // Whatever the engine threw.
        reject(error);
      }
    });
    return promise;
  }

  /** An entry that came with the call or was asked for. */
  #known(key: string): PrefetchedEntry | undefined {
    // There are few of them.
    for (const entry of this.#message.entries) if (entry.key === key) return entry;
    return this.#asked?.get(key);
  }

  /** Asks for an entry; what is made of it is the one promise of all this. */
  #fetch<T>(key: string, use: (entry: PrefetchedEntry) => T): Promise<T> {
    return this.#ask({ kind: 'get', key }, ({ entry = { key, revision: 0, value: undefined } }) => {
      (this.#asked ??= new Map<string, PrefetchedEntry>()).set(key, entry);
      return use(entry);
    });
  }

  async #list(directory: string, after = '', limit = 1_000_000): Promise<readonly string[]> {
    const mine = [...(this.#writes ?? [])].filter(([key]) => key.startsWith(directory));
    const names = await this.#ask({ kind: 'list', directory, after, limit: limit + mine.length }, (answer) => answer.names ?? []);
    const merged = new Set(names);
    const thinned = new Set<string>();
    for (const [key, value] of mine) {
      const name = key.slice(directory.length).replace(/\/.*$/s, '/');
      if (value !== undefined && name > after) merged.add(name);
      else if (!name.endsWith('/')) merged.delete(name);
      else if (merged.has(name)) thinned.add(name);
    }
    // A directory is there as long as something is in it.
    for (const name of thinned) if ((await this.#list(directory + name, '', 1)).length === 0) merged.delete(name);
    return [...merged].sort().slice(0, limit);
  }

  /** What a step in a transaction may touch. */
  context(): Context {
    return new CallContext(this);
  }

  get message(): CallMessage {
    return this.#message;
  }

  get mount(): MountInfo {
    return this.#server.mountInfo(this.#message.mount);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    if (this.#writes?.has(key) === true) return Promise.resolve(this.#writes.get(key));
    const known = this.#known(key);
    // What is known costs a component no turn of promises.
    return known === undefined ? this.#fetch(key, ({ value }) => value) : Promise.resolve(known.value);
  }

  derived<T>(key: string, parse: (value: Uint8Array) => T): Promise<T | undefined> {
    try {
      if (this.#writes?.has(key) === true) {
        const written = this.#writes.get(key);
        return Promise.resolve(written === undefined ? undefined : parse(written));
      }
      const { mountId } = this.#message;
      const known = this.#known(key);
      if (known === undefined) return this.#fetch(key, (entry) => this.#server.derive(entry, mountId, parse));
      return Promise.resolve(this.#server.derive(known, mountId, parse));
    } catch (error) {
      // Whatever the engine threw.
      return Promise.reject(error);
    }
  }

  list(directory: string, after?: string, limit?: number): Promise<readonly string[]> {
    return this.#list(directory, after, limit);
  }

  /** @param value undefined deletes */
  write(key: string, value: Uint8Array | undefined): void {
    (this.#writes ??= new Map<string, Uint8Array | undefined>()).set(key, value);
  }

  passwords(): Passwords {
    return {
      hash: async (password) => {
        this.#uncacheable = true;
        const hash = await this.#ask({ kind: 'hash-password', password: plain(password) }, (answer) => answer.hash);
        if (hash === undefined) throw new Error('the host hashed nothing');
        return hash;
      },
      verify: async (password, hash) => {
        this.#uncacheable = true;
        return this.#ask({ kind: 'verify-password', password: plain(password), hash }, ({ fits }) => fits === true);
      },
    };
  }

  rotations(): Rotations {
    return {
      keep: (name, { kind, every, grace = 0, data }) => {
        this.#server.checkRotation(kind);
        this.#rotate({ change: 'keep', name, kind, every, grace, data: stringifyJson(data) });
      },
      start: (name) => this.#rotate({ change: 'start', name }),
      stop: (name) => this.#rotate({ change: 'stop', name }),
    };
  }

  #rotate(change: RotationChange): void {
    (this.#rotations ??= []).push(change);
  }

  /** The answer depends on more than storage. */
  notCacheable(): void {
    this.#uncacheable = true;
  }

  random(size: number): Uint8Array {
    return this.#room.random(size);
  }

  log(level: Parameters<Context['log']>[0], message: string): void {
    this.#room.send({ kind: 'log', level, message: message.slice(0, 4096), mountId: this.#message.mountId });
  }

  crypto(): Crypto {
    return cryptoClient(
      (question) => this.#ask(question, (answer) => answer),
      () => void (this.#uncacheable = true),
    );
  }

  /** What a step outside may touch. */
  outside(): Outside {
    const { now } = this.#message;
    return {
      fetch: (request) =>
        this.#ask({ kind: 'fetch', request }, ({ response, refused }) => {
          if (response === undefined) throw new PluginError('upstream', refused ?? 'no answer');
          return response;
        }),
      crypto: this.crypto(),
      now: () => now,
      random: (size) => this.#room.random(size),
      log: (level, message) => this.log(level, message),
    };
  }

  reply(reply: Reply | undefined, carried: Carried | undefined): ReplyMessage {
    const writes: { readonly key: string; readonly value: Uint8Array | undefined }[] = [];
    if (this.#writes !== undefined) for (const [key, value] of this.#writes) writes.push({ key, value });
    const message: Mutable<ReplyMessage> = { kind: 'reply', call: this.#message.call, writes, uncacheable: this.#uncacheable };
    if (carried !== undefined) Object.assign(message, carried);
    if (this.#rotations !== undefined) message.rotations = this.#rotations;
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

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function plain(password: string | Secret): string {
  return typeof password === 'string' ? password : password.reveal();
}
