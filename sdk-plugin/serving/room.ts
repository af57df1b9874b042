/** The room that calls run in, as they see it. */
import type { Reply } from '../engine.ts';
import type { FromWorker } from './messages.ts';

/** What a room gives to those who run in it. */
export interface Room {
  /** Sends a message to the host. */
  send(message: FromWorker): void;
  /** Sends a handler's reply that has data and no more than these of its fields, and nothing was written. For rooms where messages are dear. */
  sendUsual?(
    call: number,
    uncacheable: boolean,
    data: string | undefined,
    reply: Pick<Reply, 'status' | 'validUntil' | 'leaseDuration'>,
  ): void;
  /** Random bytes that an adversary can't predict. */
  random(size: number): Uint8Array;
  /** What a promise has been fulfilled with, in rooms that can look into theirs: it need not be waited for. */
  fulfilled?<T>(promise: Promise<T>): { readonly value: T } | undefined;
}
