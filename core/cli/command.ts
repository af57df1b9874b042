/** What a command is, and those that need no server. */
import { type FlagTable, type FlagValues, parseFlags } from './flags.ts';
import type { ExitCode, Terminal } from './terminal.ts';

/** One command: takes what follows its name. Its flags are there to be shown in help and completed. */
export interface Command {
  (args: readonly string[], terminal: Terminal): Promise<ExitCode>;
  readonly flags: FlagTable;
}

/** A command as the table of commands lists it. */
export interface Entry {
  /** Its arguments. */
  readonly usage: string;
  readonly summary: string;
  readonly command: Command;
}

/** Every command by its words. */
export type CommandTable = Readonly<Record<string, Entry>>;

/** What a command that calls no server gets. */
export interface LocalRun<T extends FlagTable> {
  readonly flags: FlagValues<T>;
  /** The arguments after the flags. */
  readonly rest: readonly string[];
  readonly terminal: Terminal;
}

/** Makes a command of its flags and what it does, on this machine alone. */
export function localCommand<const T extends FlagTable>(table: T, run: (given: LocalRun<T>) => Promise<ExitCode>): Command {
  const command = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> =>
    run({ ...parseFlags(args, table, terminal), terminal });
  return Object.assign(command, { flags: table });
}
