/** The room that calls run in, as they see it. */
import type { FromWorker } from './messages.ts';

/** What a room gives to those who run in it. */
export interface Room {
  /** Sends a message to the host. */
  send(message: FromWorker): void;
  /** Random bytes that an adversary can't predict. */
  random(size: number): Uint8Array;
  /** What a promise has been fulfilled with, in rooms that can look into theirs: it need not be waited for. */
  fulfilled?<T>(promise: Promise<T>): { readonly value: T } | undefined;
}
