/** Runs the same EngineServer as every other room, by turns: one message in, what became of its call out. */
import type { EngineDefinition } from '../engine.ts';
import { EngineServer } from '../serving/engine-server.ts';
import type { FromWorker } from '../serving/messages.ts';
import { type Asked, endTurn, type FailureMessage, fromTurn, questionsTurn, type Turn, usualTurn } from '../serving/turn.ts';

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
  // `private` and not `#`, here and in what else a call goes through: QuickJS looks such fields up for longer.
  private readonly server: EngineServer;
  private readonly host: TurnHost;
  private readonly promises: TurnPromises;
  /** By call: how many of its questions are open. */
  private readonly open = new Map<number, number>();
  private asked: Asked[] = [];
  private end: Turn | undefined;

  constructor(plugin: EngineDefinition, host: TurnHost, promises: TurnPromises) {
    this.host = host;
    this.promises = promises;
    this.server = new EngineServer(plugin, {
      send: (message) => this.take(message),
      sendUsual: (call, uncacheable, data, reply) => {
        this.end = usualTurn(call, uncacheable, data, reply);
      },
      random: (size) => host.random(size),
      fulfilled: (promise) => promises.fulfilled(promise),
    });
  }

  /** Takes one message of the host through to where nothing more can be done without another. */
  handle(input: Turn): Turn {
    const message = fromTurn(input);
    const { call } = message;
    this.asked = [];
    this.end = undefined;
    if (message.kind === 'answer') this.open.set(call, (this.open.get(call) ?? 1) - 1);
    this.server.receive(message);
    if (message.kind === 'answer' && message.restart === true) {
      this.open.delete(call);
      return questionsTurn(call, []);
    }
    this.promises.drain();
    const open = this.open.size === 0 ? 0 : (this.open.get(call) ?? 0);
    const end = this.end ?? (open > 0 ? undefined : endTurn(this.neverEnds(call)));
    if (end === undefined) return questionsTurn(call, this.asked);
    if (this.open.size > 0) this.open.delete(call);
    return end;
  }

  private take(message: FromWorker): void {
    switch (message.kind) {
      case 'question':
        this.open.set(message.call, (this.open.get(message.call) ?? 0) + 1);
        this.asked.push(message);
        return;
      case 'log':
        this.host.log(message.level, message.message);
        return;
      case 'reply':
      case 'failure':
        this.end = endTurn(message);
        return;
      case 'ready':
    }
  }

  /** No job is left and no question open: nothing can ever wake this call. A thread would find out by its deadline. */
  private neverEnds(call: number): FailureMessage {
    this.server.receive({ kind: 'answer', call, question: 0, restart: true });
    return { kind: 'failure', call, code: 'internal', message: '', report: 'the handler waits for a promise that nobody settles' };
  }
}
