/** How much of what plugins log is kept, and how fast it reaches the host: writing a line takes its time. */
import type { FromWorker } from '@strongroom/sdk-plugin/serving';

type LogMessage = Extract<FromWorker, { kind: 'log' }>;

/** Lines of one mount that are kept in a second; beyond, they are counted. */
export const logLinesPerSecond = 1000;
/** Lines that the host gets at a time, and how long until the next ones. */
const slice = { lines: 16, everyMs: 16 } as const;

interface Second {
  kept: number;
  leftOut: number;
}

/** Lets lines through, so many of each mount in a second, so many at a time. */
export class LogBudget {
  readonly #pass: (message: LogMessage) => void;
  readonly #mounts = new Map<string, Second>();
  #waiting: LogMessage[] = [];
  #passed = 0;
  #counting = false;
  #pacing = false;

  constructor(pass: (message: LogMessage) => void) {
    this.#pass = pass;
  }

  /** Passes a line on, now or soon, or counts it. */
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
    this.#pace(message);
  }

  /** Another second. */
  #begin(): void {
    this.#counting = false;
    for (const [mountId, { leftOut }] of this.#mounts)
      if (leftOut > 0) this.#pace({ kind: 'log', level: 'warn', message: `${leftOut} more lines of this second are left out`, mountId });
    this.#mounts.clear();
  }

  #pace(message: LogMessage): void {
    this.#waiting.push(message);
    this.#go();
  }

  #go(): void {
    const now = this.#waiting.splice(0, slice.lines - this.#passed);
    this.#passed += now.length;
    for (const message of now) this.#pass(message);
    if (this.#pacing || this.#passed === 0) return;
    this.#pacing = true;
    setTimeout(() => {
      this.#pacing = false;
      this.#passed = 0;
      this.#go();
    }, slice.everyMs).unref();
  }
}
