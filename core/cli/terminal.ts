/** What a command has around it, so that tests can put something else there. */

/** Streams, files and environment of one run. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Somebody reads standard output: raw fields then end in a newline. */
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input. */
  readStdin(): Promise<string>;
  /** The text of a file; throws when it cannot be read. */
  readFile(path: string): string;
  /** Asks for a secret without showing it; throws when nobody is there to ask. */
  askSecret(prompt: string): Promise<string>;
  /** Puts a file in place that only its owner can read; throws when it cannot be written. */
  writePrivateFile(path: string, text: string): void;
}

/** The exit codes of `vault`: done, our own mistake, the server's refusal (or "sealed", "nothing there"). */
export type ExitCode = 0 | 1 | 2;

/** A mistake in how a command was called. Exit code 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that was asked for is not there. Exit code 2. */
export class NothingThere extends Error {
  override readonly name = 'NothingThere';
}
