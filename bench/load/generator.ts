/** The load process, as the benchmarks see it. */
import { type ChildProcess, fork } from 'node:child_process';
import type { LoadJob, LoadResult } from './job.ts';

/** Makes load from a process of its own. */
export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(new URL('main.ts', import.meta.url), { execArgv: ['--conditions=source'] });
  }

  /** Carries out one job; one at a time. @throws Error when it failed, or when a request was refused */
  async run(job: LoadJob): Promise<LoadResult> {
    const answer = await new Promise<{ readonly result?: LoadResult; readonly error?: string }>((resolve, reject) => {
      const exited = (): void => reject(new Error('the load process ended'));
      this.#child.once('exit', exited);
      this.#child.once('message', (message: { result?: LoadResult; error?: string }) => {
        this.#child.off('exit', exited);
        resolve(message);
      });
      this.#child.send(job);
    });
    const { result } = answer;
    if (result === undefined) throw new Error(`load: ${answer.error ?? 'no result'}`);
    for (const { name, requests, refused } of result.streams) {
      if (refused > 0) throw new Error(`load: ${refused} of ${requests} requests of "${name}" were refused`);
    }
    return result;
  }

  close(): void {
    this.#child.kill();
  }
}
