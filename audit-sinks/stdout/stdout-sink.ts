/** Writes batches to a descriptor that it neither opened nor closes. */
import type { AuditSink } from '@strongroom/sdk-plugin';

/** What the sink takes from outside. */
export interface StdoutWorld {
  /** Writes from an offset; resolves with the bytes written, rejects with the error of write(2). */
  readonly write: (bytes: Uint8Array, from: number) => Promise<number>;
  /** Resolves after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

const waitMsMax = 50;

/**
 * Makes the sink. A reader that is slow on a non-blocking pipe (EAGAIN) is waited for; a blocking pipe blocks a thread of the pool, never
 * the server. Deadlines are the host's.
 */
export function stdoutSink({ write, wait }: StdoutWorld): AuditSink {
  let torn = false;
  let closed = false;
  return {
    append: async (lines) => {
      const bytes = torn ? Buffer.concat([Buffer.from('\n'), lines]) : lines;
      let at = 0;
      let waitMs = 1;
      while (at < bytes.length) {
        if (closed) throw new Error('the audit sink is closed');
        try {
          at += await write(bytes, at);
          waitMs = 1;
        } catch (error) {
          if (!isAgain(error)) {
            torn ||= at > 0;
            throw error;
          }
          await wait(waitMs);
          waitMs = Math.min(waitMs * 2, waitMsMax);
        }
      }
      torn = false;
    },
    // A pipe can't be synced.
    sync: () => Promise.resolve(),
    lastLine: () => Promise.resolve(undefined),
    reopen: () => Promise.resolve(),
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}

function isAgain(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
