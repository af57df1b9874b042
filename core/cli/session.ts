/** What every command that calls the server begins with: its flags, its connection, its format. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { callApi, connectionOf, streamApi, type ApiAnswer, type ApiCall, type StreamAnswer, type StreamCall } from './api-client.ts';
import { clientFlags, parseFlags, type FlagTable, type FlagValues } from './flags.ts';
import { isNothing, member } from './json-node.ts';
import { formatOf, type Format } from './print.ts';
import type { Command, ExitCode, Terminal } from './terminal.ts';
import { printWrapped } from './wrap-info.ts';

/** One run of a command. */
export interface Session<T extends FlagTable> {
  readonly flags: FlagValues<T & typeof clientFlags>;
  /** The arguments after the flags. */
  readonly rest: readonly string[];
  readonly format: Format;
  readonly terminal: Terminal;
  /** Calls the server; throws ApiError where it refuses. With `-wrap-ttl` it ends the command with the wrapping token. */
  readonly call: (call: ApiCall) => Promise<ApiAnswer>;
  /** The same for bytes of any number. */
  readonly stream: (call: StreamCall) => Promise<StreamAnswer>;
}

/** The answer that was asked for is in a wrapping token: there is nothing for the command to go on with. */
class Wrapped extends Error {
  readonly body: JsonNode;

  constructor(body: JsonNode) {
    super('the answer is wrapped');
    this.body = body;
  }
}

/** Makes a command of its own flags and what it does. */
export function clientCommand<const T extends FlagTable>(table: T, run: (session: Session<T>) => Promise<ExitCode>): Command {
  return async (args, terminal) => {
    const { flags, rest } = parseFlags(args, { ...clientFlags, ...table }, terminal);
    const general: FlagValues<typeof clientFlags> = flags;
    const connection = connectionOf(general, terminal);
    const format = formatOf(general.format, terminal);
    const stream = (request: StreamCall): Promise<StreamAnswer> => streamApi(connection, request);
    const call = async (request: ApiCall): Promise<ApiAnswer> => {
      const answer = await callApi(connection, request);
      if (answer.body !== undefined && !isNothing(member(answer.body, 'wrap_info'))) throw new Wrapped(answer.body);
      return answer;
    };
    try {
      return await run({ flags, rest, format, terminal, call, stream });
    } catch (error) {
      if (!(error instanceof Wrapped)) throw error;
      return printWrapped(error.body, general.field, format, terminal);
    }
  };
}
