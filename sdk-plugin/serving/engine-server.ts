/**
 * Runs an engine's calls inside its room, whatever the room is: messages in, messages out. It touches nothing of Node, so that threads and
 * sandboxes run the very same code.
 */
import type { AuthMethodDefinition } from '../auth-method.ts';
import type { Crypto } from '../crypto.ts';
import type { Caller, Context, EngineDefinition, MountInfo, Passwords, PluginStorage, Reply } from '../engine.ts';
import { PluginError } from '../errors.ts';
import type { Outside, Rotations } from '../outside.ts';
import type { Secret } from '../secret.ts';
import { stringifyJson } from '../stringify-json.ts';
import type {
  AnswerMessage,
  CallMessage,
  FromWorker,
  PrefetchedEntry,
  Question,
  ReplyMessage,
  RotationChange,
  ToWorker,
} from './messages.ts';
import { cryptoClient } from './crypto-client.ts';
import { type Carried, type Ran, runHandler, runStep } from './run-phase.ts';

type LogLevel = Parameters<Context['log']>[0];

/** What a room gives to those who run in it. */
export interface Room {
  /** Sends a message to the host. */
  send(message: FromWorker): void;
  /** Random bytes that an adversary can't predict. */
  random(size: number): Uint8Array;
  /** What a promise has been fulfilled with, in rooms that can look into theirs: it need not be waited for. */
  fulfilled?<T>(promise: Promise<T>): { readonly value: T } | undefined;
}

/** Entries parsed by `derived` that a room keeps. */
const derivedMax = 10_000;
/** Mounts that a room keeps parsed. */
const mountsMax = 1000;

/** The calls of one engine. */
export class EngineServer {
  readonly #engine: EngineDefinition | AuthMethodDefinition;
  readonly #room: Room;
  readonly #calls = new Map<number, Call>();
  readonly #derived = new Map<string, { readonly revision: number; readonly value: unknown }>();
  readonly #mounts = new Map<string, MountInfo>();

  constructor(engine: EngineDefinition | AuthMethodDefinition, room: Room) {
    this.#engine = engine;
    this.#room = room;
  }

  /** Begins a call, or goes on with one. */
  receive(message: ToWorker): void {
    if (message.kind === 'answer') {
      this.#calls.get(message.call)?.answer(message);
      // Its handler stays where it waits: to forget it is the cheapest end.
      if (message.restart === true) this.#calls.delete(message.call);
    } else this.#run(message);
  }

  #run(message: CallMessage): void {
    const call = new Call(message, this, this.#room);
    this.#calls.set(message.call, call);
    try {
      if (message.phase === 'handle')
        this.#settle(call, runHandler(this.#engine, message, call), (reply) => ({ reply: reply ?? undefined }));
      else this.#settle(call, runStep(this.#engine, message, call), (ran) => ran);
    } catch (error) {
      this.#fail(call, error);
    }
  }

  /** Ends a call with what came of it: at once if it is there. */
  #settle<T>(call: Call, given: Promise<T> | T, toRan: (given: T) => Ran): void {
    if (!isThenable(given)) return this.#end(call, toRan(given));
    const done = this.#room.fulfilled?.(given);
    if (done !== undefined) return this.#end(call, toRan(done.value));
    Promise.resolve(given).then(
      (later) => this.#end(call, toRan(later)),
      (error: unknown) => this.#fail(call, error),
    );
  }

  #end(call: Call, { reply, carried }: Ran): void {
    try {
      const message = call.reply(reply, carried);
      this.#calls.delete(message.call);
      this.#room.send(message);
    } catch (error) {
      this.#fail(call, error);
    }
  }

  #fail({ message: { call } }: Call, error: unknown): void {
    this.#calls.delete(call);
    this.#room.send(failure(call, error));
  }

  /** The mount of a call, parsed once per change. */
  mountInfo(text: string): MountInfo {
    let mount = this.#mounts.get(text);
    if (mount === undefined) {
      if (this.#mounts.size >= mountsMax) this.#mounts.clear();
      // Written by the host.
      this.#mounts.set(text, (mount = JSON.parse(text) as MountInfo));
    }
    return mount;
  }

  /** @throws Error for a kind that the engine does not declare */
  checkRotation(kind: string): void {
    if (!Object.hasOwn(this.#engine.rotations ?? {}, kind))
      throw new Error(`the engine asked for a kind of rotation that it does not declare: ${kind}`);
  }

  /** What `parse` makes of an entry, kept until its revision moves. */
  derive<T>(entry: PrefetchedEntry, mountId: string, parse: (value: Uint8Array) => T): T | undefined {
    if (entry.value === undefined) return undefined;
    const name = `${mountId}/${entry.key}`;
    const kept = this.#derived.get(name);
    // One key is always parsed by one function of the engine, so what is kept has its type.
    if (kept?.revision === entry.revision) return kept.value as T;
    const value = parse(entry.value);
    this.#derived.delete(name);
    this.#derived.set(name, { revision: entry.revision, value });
    if (this.#derived.size > derivedMax) {
      const [oldest] = this.#derived.keys();
      if (oldest !== undefined) this.#derived.delete(oldest);
    }
    return value;
  }
}

/** One running handler. */
class Call {
  readonly #message: CallMessage;
  readonly #server: EngineServer;
  readonly #room: Room;
  /** Entries that were asked for; and what else few calls have, which is made when it is needed. */
  #asked: Map<string, PrefetchedEntry> | undefined;
  #writes: Map<string, Uint8Array | undefined> | undefined;
  #rotations: RotationChange[] | undefined;
  #waiting: Map<number, (answer: AnswerMessage) => void> | undefined;
  #questions = 0;
  #uncacheable = false;

  constructor(message: CallMessage, server: EngineServer, room: Room) {
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

  log(level: LogLevel, message: string): void {
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

/** A handler's context. Nothing of it is made before it is asked for, and what is made knows its call, so that it may be taken out. */
class CallContext implements Context {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  get mount(): MountInfo {
    return this.#call.mount;
  }

  get storage(): PluginStorage {
    return new CallStorage(this.#call);
  }

  get passwords(): Passwords {
    return this.#call.passwords();
  }

  get rotations(): Rotations {
    return this.#call.rotations();
  }

  get crypto(): Crypto {
    return this.#call.crypto();
  }

  get now(): Context['now'] {
    const call = this.#call;
    return () => {
      call.notCacheable();
      return call.message.now;
    };
  }

  get random(): Context['random'] {
    const call = this.#call;
    return (size) => {
      call.notCacheable();
      return call.random(size);
    };
  }

  get caller(): Context['caller'] {
    const call = this.#call;
    return () => {
      call.notCacheable();
      // Written by the host.
      return JSON.parse(call.message.caller) as Caller;
    };
  }

  get log(): Context['log'] {
    const call = this.#call;
    return (level, message) => call.log(level, message);
  }
}

/** A call's storage, made as `CallContext` is. */
class CallStorage implements PluginStorage {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  get get(): PluginStorage['get'] {
    const call = this.#call;
    return (key) => call.get(key);
  }

  get list(): PluginStorage['list'] {
    const call = this.#call;
    return (directory, after, limit) => call.list(directory, after, limit);
  }

  get put(): PluginStorage['put'] {
    const call = this.#call;
    return (key, value) => call.write(key, value);
  }

  get delete(): PluginStorage['delete'] {
    const call = this.#call;
    return (key) => call.write(key, undefined);
  }

  get derived(): PluginStorage['derived'] {
    const call = this.#call;
    return (key, parse) => call.derived(key, parse);
  }
}

function isThenable<T>(given: Promise<T> | T): given is Promise<T> {
  return typeof given === 'object' && given !== null && 'then' in given;
}

function plain(password: string | Secret): string {
  return typeof password === 'string' ? password : password.reveal();
}

function failure(call: number, error: unknown): FromWorker {
  if (error instanceof PluginError) return { kind: 'failure', call, code: error.code, message: error.message };
  return { kind: 'failure', call, code: 'internal', message: 'internal error', report: reportOf(error) };
}

/** For the operator. Some engines' stacks begin with the message, others' have the places alone. */
function reportOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${typeof error}`;
  const { message, stack = '' } = error;
  return stack.includes(message) ? stack : `${error.name}: ${message}\n${stack}`;
}
