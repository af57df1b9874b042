/** The bare server, in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What it answers. */
export interface BareAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** Bytes as latin1 text. */
  readonly body: string;
}

/** A started bare server. */
export class BareServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Starts one. */
  static async start(): Promise<BareServer> {
    const child = fork(new URL('bare-main.ts', import.meta.url), { execArgv: [] });
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    return new BareServer(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sets the answer of every request from now on. */
  async answer(answer: BareAnswer): Promise<void> {
    this.#child.send(answer);
    await once(this.#child, 'message');
  }

  close(): void {
    this.#child.kill();
  }
}
