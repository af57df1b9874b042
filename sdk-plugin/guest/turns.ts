/** Runs the same EngineServer as every other room, by turns: one message in, what became of its call out. */
import type { EngineDefinition } from '../engine.ts';
import { EngineServer } from '../serving/engine-server.ts';
import type { FromWorker, ReplyMessage } from '../serving/messages.ts';
import { type Asked, endTurn, type FailureMessage, fromTurn, questionsTurn, type Turn } from '../serving/turn.ts';

/** What the host gives that answers at once. */
export interface TurnHost {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
  random(size: number): Uint8Array;
}

/** Looks into the guest's promises, and runs their jobs. */
export interface TurnPromises {
  /** Runs jobs until none is left. */
  drain(): void;
  fulfilled<T>(promise: Promise<T>): { readonly value: T } | undefined;
}

/** The calls of one instance. */
export class Turns {
  readonly #server: EngineServer;
  readonly #host: TurnHost;
  readonly #promises: TurnPromises;
  /** By call: how many of its questions are open. */
  readonly #open = new Map<number, number>();
  #asked: Asked[] = [];
  #end: ReplyMessage | FailureMessage | undefined;

  constructor(plugin: EngineDefinition, host: TurnHost, promises: TurnPromises) {
    this.#host = host;
    this.#promises = promises;
    this.#server = new EngineServer(plugin, {
      send: (message) => this.#take(message),
      random: (size) => host.random(size),
      fulfilled: (promise) => promises.fulfilled(promise),
    });
  }

  /** Takes one message of the host through to where nothing more can be done without another. */
  handle(input: Turn): Turn {
    const message = fromTurn(input);
    const { call } = message;
    this.#asked = [];
    this.#end = undefined;
    if (message.kind === 'answer') this.#open.set(call, (this.#open.get(call) ?? 1) - 1);
    this.#server.receive(message);
    if (message.kind === 'answer' && message.restart === true) {
      this.#open.delete(call);
      return questionsTurn(call, []);
    }
    this.#promises.drain();
    const open = this.#open.get(call) ?? 0;
    const end = this.#end ?? (open > 0 ? undefined : this.#neverEnds(call));
    if (end === undefined) return questionsTurn(call, this.#asked);
    this.#open.delete(call);
    return endTurn(end);
  }

  #take(message: FromWorker): void {
    switch (message.kind) {
      case 'question':
        this.#open.set(message.call, (this.#open.get(message.call) ?? 0) + 1);
        this.#asked.push(message);
        return;
      case 'log':
        this.#host.log(message.level, message.message);
        return;
      case 'reply':
      case 'failure':
        this.#end = message;
        return;
      case 'ready':
    }
  }

  /** No job is left and no question open: nothing can ever wake this call. A thread would find out by its deadline. */
  #neverEnds(call: number): FailureMessage {
    this.#server.receive({ kind: 'answer', call, question: 0, restart: true });
    return { kind: 'failure', call, code: 'internal', message: '', report: 'the handler waits for a promise that nobody settles' };
  }
}
