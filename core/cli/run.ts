/** Finds the command and turns what it throws into words and an exit code. */
import { ApiError } from './api-error.ts';
import { commands } from './commands.ts';
import { commandHelp, groupHelp, unknownCommand } from './help.ts';
import { withoutTokens } from './redact.ts';
import { NothingThere, UsageError, type ExitCode, type Terminal } from './terminal.ts';

/** Runs the command that `args` name. */
export async function run(args: readonly string[], unguarded: Terminal): Promise<ExitCode> {
  const terminal = withoutTokens(unguarded);
  const words = [3, 2, 1].find((count) => Object.hasOwn(commands, args.slice(0, count).join(' ')));
  const name = args.slice(0, words ?? 0).join(' ');
  const entry = commands[name];
  if (words === undefined || !entry) return noCommand(args, terminal);
  const rest = args.slice(words);
  if (asksForHelp(rest)) {
    terminal.out(commandHelp(name, entry));
    return 0;
  }
  try {
    return await entry.command(rest, terminal);
  } catch (error) {
    terminal.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof ApiError || error instanceof NothingThere || !(error instanceof UsageError) ? 2 : 1;
  }
}

/** Help stands among the flags; what comes later is data. */
function asksForHelp(rest: readonly string[]): boolean {
  const end = rest.findIndex((arg) => arg === '--' || arg === '-');
  return rest.slice(0, end < 0 ? rest.length : end).some((arg) => /^--?h(elp)?$/.test(arg));
}

function noCommand(args: readonly string[], terminal: Terminal): ExitCode {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const group = words.join(' ');
  const known = words.length === 0 || Object.keys(commands).some((name) => name.startsWith(`${group} `));
  if (args.length === 0 || (known && args.some((arg) => /^--?h(elp)?$/.test(arg)))) {
    terminal.out(groupHelp(commands, group));
    return 0;
  }
  if (args.length === 1 && /^--?v(ersion)?$/.test(args[0] ?? '')) return run(['version'], terminal) as never;
  terminal.err(known ? groupHelp(commands, group) : unknownCommand(commands, words));
  return 1;
}
