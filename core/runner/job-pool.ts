/**
 * Threads for work of the CPU: password hashes, and keys that take long. They are not libuv's, because those must be free for the disk, and not the
 * engines', because a loop in one of them ends its worker.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { CryptoError } from '@strongroom/sdk-plugin';
import type { CryptoResult, CryptoTask } from '../crypto/web/task.ts';
import { StrongroomError } from '../errors.ts';
import type { Job, JobResult } from './job.ts';

/** Most threads. Each takes 19 MiB while it hashes. */
const threadsMax = 4;
/** How long a thread without work stays. */
const idleMs = 60_000;
/** Most jobs that wait. At some 40 ms a job they are done well within a plugin call's deadline. */
export const jobsWaitingMax = 128;

/** Runs jobs, the first that came first. */
export class JobPool {
  readonly #pool: Piscina;
  /** The pool itself would start threads again. */
  #closed = false;

  constructor() {
    this.#pool = new Piscina({
      filename: new URL('./job.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: Math.max(1, Math.min(threadsMax, availableParallelism() - 1)),
      idleTimeout: idleMs,
      env: {},
      argv: [],
    });
  }

  /** @throws StrongroomError `unavailable` when too many are waiting, or the server is sealing */
  async run<K extends Job['kind']>(job: Job & { readonly kind: K }): Promise<JobResult[K]> {
    if (this.#closed || this.#pool.queueSize >= jobsWaitingMax)
      throw new StrongroomError('unavailable', 'too many computations are waiting; try again later');
    try {
      // A kind's result is what `job.ts` makes of it.
      return (await this.#pool.run(job)) as JobResult[K];
    } catch {
      // Without the cause: what a job was given is a password or a key.
      throw new StrongroomError('unavailable', 'a computation was given up');
    }
  }

  /** Runs an operation on keys. @throws CryptoError; StrongroomError as `run` */
  async crypto(task: CryptoTask): Promise<CryptoResult> {
    const outcome = await this.run({ kind: 'crypto', task });
    if ('error' in outcome) throw new CryptoError(outcome.error.name, outcome.error.message);
    return outcome;
  }

  /** Stops the threads; running jobs fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.destroy();
  }
}
