/** How much of what plugins log is kept. */
import type { FromWorker } from '@strongroom/sdk-plugin/serving';

type LogMessage = Extract<FromWorker, { kind: 'log' }>;

/** Lines of one mount that are kept in a second; beyond, they are counted. */
export const logLinesPerSecond = 2000;

interface Second {
  kept: number;
  leftOut: number;
}

/** Lets lines through, so many of each mount in a second. */
export class LogBudget {
  readonly #pass: (message: LogMessage) => void;
  readonly #mounts = new Map<string, Second>();
  #counting = false;

  constructor(pass: (message: LogMessage) => void) {
    this.#pass = pass;
  }

  /** Passes a line on, or counts it. */
  take(message: LogMessage): void {
    let second = this.#mounts.get(message.mountId);
    if (second === undefined) this.#mounts.set(message.mountId, (second = { kept: 0, leftOut: 0 }));
    if (second.kept >= logLinesPerSecond) {
      second.leftOut += 1;
      return;
    }
    second.kept += 1;
    if (!this.#counting) setTimeout(() => this.#begin(), 1000).unref();
    this.#counting = true;
    this.#pass(message);
  }

  #begin(): void {
    this.#counting = false;
    for (const [mountId, { leftOut }] of this.#mounts)
      if (leftOut > 0) this.#pass({ kind: 'log', level: 'warn', message: `${leftOut} more lines of this second are left out`, mountId });
    this.#mounts.clear();
  }
}
