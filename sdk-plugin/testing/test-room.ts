/** A room in the test's own process: the code that serves a plugin in every room, and answers to what it asks. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuthMethodDefinition } from '../auth-method.ts';
import type { EngineDefinition } from '../engine.ts';
import { EngineServer } from '../serving/engine-server.ts';
import type { Room } from '../serving/room.ts';
import type { AnswerMessage, CallMessage, FromWorker, Question, ToWorker } from '../serving/messages.ts';

/** A plugin whose calls a mount takes. */
export type Plugin = EngineDefinition | AuthMethodDefinition;
/** A call without its number. */
export type Call = Omit<CallMessage, 'kind' | 'call'>;
/** How a call ended. */
export type Ended = Extract<FromWorker, { kind: 'reply' | 'failure' }>;
/** Answers a question. @throws what ends the call */
export type AnswerTo = (question: Question) => Answer | Promise<Answer>;
/** An answer without its numbers. */
export type Answer = Omit<AnswerMessage, 'kind' | 'call' | 'question'>;
/** Makes what takes the messages of a room. */
export type OpenRoom = (room: Room) => { receive(message: ToWorker): void };

const elsewhere = new WeakMap<Plugin, OpenRoom>();

/** Has the mounts of a plugin run it in another room: for hosts that test theirs. */
export function runIn(plugin: Plugin, open: OpenRoom): void {
  elsewhere.set(plugin, open);
}

interface Running {
  readonly answerTo: AnswerTo;
  readonly resolve: (ended: Ended) => void;
  readonly reject: (error: unknown) => void;
}

/** The calls of one mount. */
export class TestRoom {
  /** Lines that the plugin logged. */
  readonly logged: Extract<FromWorker, { kind: 'log' }>[] = [];
  readonly #random = new AsyncLocalStorage<(size: number) => Uint8Array>();
  readonly #running = new Map<number, Running>();
  readonly #served: { receive(message: ToWorker): void };
  #calls = 0;

  constructor(plugin: Plugin) {
    const open = elsewhere.get(plugin) ?? ((room: Room) => new EngineServer(plugin, room));
    this.#served = open({
      // What crosses is a copy, and data: as between threads.
      send: (message) => this.#receive(structuredClone(message)),
      random: (size) => this.#random.getStore()?.(size) ?? new Uint8Array(size),
    });
  }

  /** Runs a call. @throws what an answer to a question throws */
  run(call: Call, random: (size: number) => Uint8Array, answerTo: AnswerTo): Promise<Ended> {
    const number = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#running.set(number, { answerTo, resolve, reject });
      this.#random.run(random, () => this.#served.receive(structuredClone({ kind: 'call', call: number, ...call })));
    });
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') return;
    if (message.kind === 'log') {
      this.logged.push(message);
      return;
    }
    const running = this.#running.get(message.call);
    if (running === undefined) return;
    if (message.kind === 'question') {
      void this.#answer(running, message);
      return;
    }
    this.#running.delete(message.call);
    running.resolve(message);
  }

  async #answer(running: Running, { call, question, ask }: Extract<FromWorker, { kind: 'question' }>): Promise<void> {
    const numbers = { kind: 'answer', call, question } as const;
    try {
      this.#served.receive(structuredClone({ ...numbers, ...(await running.answerTo(ask)) }));
    } catch (error) {
      this.#running.delete(call);
      this.#served.receive({ ...numbers, restart: true });
      running.reject(error);
    }
  }
}
