/**
 * What a worker sends to the host, and how much of it: a room may ask, answer and log as fast as it likes without holding up what the host does
 * for others.
 */
import type { MessagePort } from 'node:worker_threads';
import type { EngineOutline, FromWorker, ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { CallTable } from './call-table.ts';
import { LogBudget } from './log-budget.ts';
import { type ReplyRow, rowOf } from './reply-row.ts';
import { type Batch, type Incoming, unpackBatch } from './turn-batch.ts';

/** What a worker may send. */
export const outboxLimits = {
  /** Questions of one call that the host has at a time; others wait here. */
  questionsMax: 16,
  /** Those that have waited and go as soon as another is answered; later ones of a call go every millisecond. */
  questionsAtOnce: 1000,
  /** Bytes of an answer with what it writes. */
  replyBytesMax: 67_108_864,
  /** Characters that the message and the report of a failure keep. */
  failureLengthMax: 65_536,
} as const;

type QuestionMessage = Extract<FromWorker, { kind: 'question' }>;

/** As it is posted. */
type Posted = FromWorker | ReplyRow;

interface Asking {
  /** Questions that the host has. */
  open: number;
  readonly waiting: QuestionMessage[];
  /** Questions that have waited and are asked. */
  waited: number;
}

/** One worker's messages. */
export class Outbox {
  readonly #port: MessagePort;
  /** By running call. */
  readonly #asking = new CallTable<Asking>();
  readonly #logBudget = new LogBudget((message) => this.#post(message));
  readonly #paced: Asking[] = [];
  #batch: Posted[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Sends a message, with others of this turn of the event loop; a question when the host may have it. */
  readonly send = (message: FromWorker): void => {
    switch (message.kind) {
      case 'question':
        return this.#ask(message);
      case 'log':
        return this.#logBudget.take(message);
      case 'reply':
        this.#end(message.call);
        return this.#post(sizeOf(message) <= outboxLimits.replyBytesMax ? (rowOf(message) ?? message) : tooLarge(message));
      case 'failure':
        this.#end(message.call);
        return this.#post({
          ...message,
          message: cut(message.message),
          ...(message.report === undefined ? {} : { report: cut(message.report) }),
        });
      case 'ready':
        return this.#post(message);
    }
  };

  /** Says what the plugin declares, and hands over what comes from the host until it closes the port. */
  async serve(outline: EngineOutline, receive: (incoming: Incoming) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#port.on('message', (batch: Batch) => {
        for (const incoming of unpackBatch(batch)) {
          this.heard(incoming);
          receive(incoming);
        }
      });
      this.#port.on('close', resolve);
      this.#port.postMessage([{ kind: 'ready', outline } satisfies FromWorker]);
    });
  }

  /** Takes note of what came from the host: an answer makes room for another question. */
  heard({ kind, call, restart }: Pick<Incoming, 'kind' | 'call' | 'restart'>): void {
    if (kind === 'call') this.#asking.add(call, { open: 0, waiting: [], waited: 0 });
    else if (restart) this.#end(call);
    else {
      const asking = this.#asking.get(call);
      if (asking === undefined) return;
      if (asking.waited >= outboxLimits.questionsAtOnce && asking.waiting.length > 0) this.#pace(asking);
      else this.#askNext(asking);
    }
  }

  /** Nobody would answer what a call that is over still asks. */
  #end(call: number): void {
    this.#asking.get(call)?.waiting.splice(0);
    this.#asking.delete(call);
  }

  /** After one was answered. */
  #askNext(asking: Asking): void {
    const next = asking.waiting.shift();
    if (next === undefined) {
      asking.open -= 1;
      return;
    }
    asking.waited += 1;
    this.#post(next);
  }

  /** Lets the host do other work between the questions of a call that has very many. */
  #pace(asking: Asking): void {
    if (this.#paced.push(asking) > 1) return;
    setTimeout(() => {
      for (const one of this.#paced.splice(0)) this.#askNext(one);
    }, 1);
  }

  #ask(message: QuestionMessage): void {
    const asking = this.#asking.get(message.call);
    // It has ended: nobody would answer.
    if (asking === undefined) return;
    if (asking.open >= outboxLimits.questionsMax) {
      asking.waiting.push(message);
      return;
    }
    asking.open += 1;
    this.#post(message);
  }

  #post(message: Posted): void {
    if (this.#batch.push(message) > 1) return;
    setImmediate(() => {
      const batch = this.#batch;
      this.#batch = [];
      try {
        this.#port.postMessage(batch);
      } catch {
        for (const one of batch) this.#postAlone(one);
      }
    });
  }

  /** What can't be cloned (a plugin's function where text belongs) costs its own call. */
  #postAlone(message: Posted): void {
    try {
      this.#port.postMessage([message]);
    } catch (error) {
      const call = 'kind' in message ? ('call' in message ? message.call : undefined) : message[0];
      if (call !== undefined) this.#port.postMessage([failed(call, `it can't be sent to the host: ${String(error).slice(0, 512)}`)]);
    }
  }
}

/** A plugin may have put anything into its error. */
function cut(message: unknown): string {
  return String(message).slice(0, outboxLimits.failureLengthMax);
}

/** Whatever a plugin put there: types are not checked yet. */
function sizeOf({ reply, writes, carried, lease }: ReplyMessage): number {
  const parts: unknown[] = [reply?.data, reply?.raw, carried, lease?.data, ...(Array.isArray(reply?.warnings) ? reply.warnings : [])];
  for (const { key, value } of writes) parts.push(key, value);
  return parts.reduce<number>((sum, part) => sum + (typeof part === 'string' || part instanceof Uint8Array ? part.length : 0), 0);
}

function tooLarge(message: ReplyMessage): FromWorker {
  return {
    ...failed(message.call, `an answer of ${sizeOf(message)} bytes with its writes: at most ${outboxLimits.replyBytesMax}`),
    costly: true,
  };
}

function failed(call: number, report: string): Extract<FromWorker, { kind: 'failure' }> {
  return { kind: 'failure', call, code: 'internal', message: '', report };
}
