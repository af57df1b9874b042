/**
 * The server's log, which operators may watch: what is logged goes where the config says, from the level in force on, and to each watcher
 * from the level that it has asked for.
 */
import { Readable } from 'node:stream';
import { type DestinationStream, levels, type Logger, type LoggerOptions, pino } from 'pino';
import { logLineText } from './log-line.ts';

/** How a watcher sees lines. */
export type LogFormat = 'standard' | 'json';

/** Bytes that wait for a watcher that is slow; further lines are left out. */
const waitingMax = 1_048_576;

interface Watcher {
  readonly from: number;
  readonly take: (line: string) => void;
  readonly end: () => void;
}

/** A log and its watchers. */
export class LogTap {
  readonly logger: Logger;
  readonly #base: DestinationStream;
  readonly #watchers = new Set<Watcher>();
  #level: string;

  /** @param base where lines go */
  constructor(options: LoggerOptions & { readonly level: string }, base: DestinationStream) {
    this.#base = base;
    this.#level = options.level;
    const destination = {
      lastLevel: 0,
      [Symbol.for('pino.metadata')]: true,
      write: (line: string) => this.#write(destination.lastLevel, line),
    };
    this.logger = pino(options, destination);
  }

  /** The level in force. */
  get level(): string {
    return this.#level;
  }

  set level(level: string) {
    this.#level = level;
    this.#listen();
  }

  /** Lines from now on. It ends when its reader goes, or with `endAll`. */
  watch(level: string, format: LogFormat): Readable {
    const readable = new Readable({ read: () => undefined, destroy: (error, done) => (forget(), done(error)) });
    const watcher: Watcher = {
      from: valueOf(level),
      take: (line) => {
        if (readable.readableLength < waitingMax) readable.push(format === 'json' ? line : logLineText(line));
      },
      end: () => readable.push(null),
    };
    const forget = (): void => {
      this.#watchers.delete(watcher);
      this.#listen();
    };
    this.#watchers.add(watcher);
    this.#listen();
    return readable;
  }

  /** Ends every watcher's lines. */
  endAll(): void {
    for (const { end } of this.#watchers) end();
  }

  #write(level: number, line: string): void {
    if (level >= valueOf(this.#level)) this.#base.write(line);
    for (const { from, take } of this.#watchers) if (level >= from) take(line);
  }

  /** What nobody wants is not even made. */
  #listen(): void {
    const wanted = Math.min(valueOf(this.#level), ...[...this.#watchers].map(({ from }) => from));
    this.logger.level = levels.labels[wanted] ?? this.#level;
  }
}

function valueOf(level: string): number {
  return levels.values[level] ?? Number.POSITIVE_INFINITY;
}
