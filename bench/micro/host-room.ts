/** The same engine run in this process, without a room around it: what rooms are measured against. */
import type { EngineDefinition } from '@strongroom/sdk-plugin';
import { EngineServer, type FromWorker, type ReplyMessage } from '@strongroom/sdk-plugin/serving';
import type { Call, RoomWorld } from '../../core/runner/thread-room.ts';

/** What all rooms have. */
export interface BenchRoom {
  call(call: Call, world: RoomWorld): Promise<ReplyMessage>;
}

/** Runs calls where they are made. */
export class HostRoom implements BenchRoom {
  readonly #server: EngineServer;
  readonly #running = new Map<number, { readonly world: RoomWorld; readonly end: PromiseWithResolvers<ReplyMessage> }>();
  #calls = 0;

  constructor(engine: EngineDefinition) {
    this.#server = new EngineServer(engine, {
      send: (message) => void this.#take(message),
      random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    });
  }

  call(call: Call, world: RoomWorld): Promise<ReplyMessage> {
    const number = ++this.#calls;
    const end = Promise.withResolvers<ReplyMessage>();
    this.#running.set(number, { world, end });
    this.#server.receive({ kind: 'call', call: number, ...call });
    return end.promise;
  }

  async #take(message: FromWorker): Promise<void> {
    if (message.kind === 'ready' || message.kind === 'log') return;
    const running = this.#running.get(message.call);
    if (running === undefined) return;
    if (message.kind === 'question') {
      const { ask, call, question } = message;
      const numbers = { kind: 'answer', call, question } as const;
      if (ask.kind === 'get') this.#server.receive({ ...numbers, entry: await running.world.get!(ask.key) });
      if (ask.kind === 'crypto') this.#server.receive({ ...numbers, ...(await running.world.crypto!(ask)) });
      return;
    }
    this.#running.delete(message.call);
    if (message.kind === 'reply') running.end.resolve(message);
    else running.end.reject(new Error(message.report ?? message.message));
  }
}
