/** What every command that calls the server begins with: its flags, its connection, its format. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import type { Command } from './command.ts';
import { callApi, connectionOf, streamApi, type ApiAnswer, type ApiCall, type StreamAnswer, type StreamCall } from './api-client.ts';
import { clientFlags, parseFlags, type FlagTable, type FlagValues } from './flags.ts';
import { isNothing, member } from './json-node.ts';
import { wantsRaw, formatOf, type Format } from './print.ts';
import type { ExitCode, Terminal } from './terminal.ts';
import { printWrapped } from './print-wrapped.ts';

/** One run of a command. */
export interface Session<T extends FlagTable> {
  readonly flags: FlagValues<T & typeof clientFlags>;
  /** The arguments after the flags. */
  readonly rest: readonly string[];
  readonly format: Format;
  /** The answer is to be printed as it comes. */
  readonly raw: boolean;
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

/** Makes a command of its own flags and what it does. @param options `raw`: it knows `-format=raw` */
export function clientCommand<const T extends FlagTable>(
  table: T,
  run: (session: Session<T>) => Promise<ExitCode>,
  { raw: canBeRaw = false }: { readonly raw?: boolean } = {},
): Command {
  const all = { ...clientFlags, ...table };
  const command = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
    const { flags, rest } = parseFlags(args, all, terminal);
    const general: FlagValues<typeof clientFlags> = flags;
    const connection = connectionOf(general, terminal);
    const raw = canBeRaw && wantsRaw(general.format, terminal);
    const format = raw ? 'json' : formatOf(general.format, terminal);
    const stream = (request: StreamCall): Promise<StreamAnswer> => streamApi(connection, request);
    const call = async (request: ApiCall): Promise<ApiAnswer> => {
      const answer = await callApi(connection, request);
      if (answer.body !== undefined && !isNothing(member(answer.body, 'wrap_info'))) throw new Wrapped(answer.body);
      return answer;
    };
    try {
      return await run({ flags, rest, format, raw, terminal, call, stream });
    } catch (error) {
      if (!(error instanceof Wrapped)) throw error;
      return printWrapped(error.body, { flags: general, format, terminal });
    }
  };
  return Object.assign(command, { flags: all });
}
