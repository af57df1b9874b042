/** What every command that calls the server begins with: its flags, its connection, its format. */
import { callApi, connectionOf, streamApi, type ApiAnswer, type ApiCall, type StreamAnswer, type StreamCall } from './api-client.ts';
import { clientFlags, parseFlags, type FlagTable, type FlagValues } from './flags.ts';
import { formatOf, type Format } from './print.ts';
import type { Command, ExitCode, Terminal } from './terminal.ts';

/** One run of a command. */
export interface Session<T extends FlagTable> {
  readonly flags: FlagValues<T & typeof clientFlags>;
  /** The arguments after the flags. */
  readonly rest: readonly string[];
  readonly format: Format;
  readonly terminal: Terminal;
  /** Calls the server; throws ApiError where it refuses. */
  readonly call: (call: ApiCall) => Promise<ApiAnswer>;
  /** The same for bytes of any number. */
  readonly stream: (call: StreamCall) => Promise<StreamAnswer>;
}

/** Makes a command of its own flags and what it does. */
export function clientCommand<const T extends FlagTable>(table: T, run: (session: Session<T>) => Promise<ExitCode>): Command {
  return async (args, terminal) => {
    const { flags, rest } = parseFlags(args, { ...clientFlags, ...table }, terminal);
    const general: FlagValues<typeof clientFlags> = flags;
    const connection = connectionOf(general, terminal);
    const format = formatOf(general.format, terminal);
    const stream = (call: StreamCall): Promise<StreamAnswer> => streamApi(connection, call);
    return run({ flags, rest, format, terminal, call: (call) => callApi(connection, call), stream });
  };
}
