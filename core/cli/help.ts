/** Help from the table of commands and their flags. */
import type { CommandTable, Entry } from './command.ts';
import { flagWords } from './flag-words.ts';
import { clientFlags, type FlagKind } from './flags.ts';
import { nearest, shownWord } from './nearest.ts';

const kinds: Readonly<Record<FlagKind, string>> = { text: '=<string>', integer: '=<int>', boolean: '', list: '=<string>...' };

/** What one command takes. */
export function commandHelp(name: string, { usage, summary, command }: Entry): string {
  const flags = Object.entries(command.flags).sort(([a], [b]) => (a < b ? -1 : 1));
  const own = flags.filter(([flag]) => !Object.hasOwn(clientFlags, flag));
  const general = flags.filter(([flag]) => Object.hasOwn(clientFlags, flag));
  return [
    `Usage: strongroom ${name} ${usage}`.trimEnd(),
    '',
    `  ${summary}.`,
    ...section('Flags', own),
    ...section('Flags of every command that calls the server', general),
    '',
  ].join('\n');
}

function section(title: string, flags: readonly (readonly [string, FlagKind])[]): readonly string[] {
  const lines = flags.flatMap(([flag, kind]) => [`  -${flag}${kinds[kind]}`, `      ${flagWords[flag] ?? ''}`]);
  return lines.length === 0 ? [] : ['', `${title}:`, '', ...lines];
}

/** The commands of a group, or all of them. */
export function groupHelp(commands: CommandTable, group: string): string {
  const shown = Object.entries(commands).filter(([name]) => group === '' || name.startsWith(`${group} `));
  const lines = shown.map(([name, { usage, summary }]) => `  ${`${name} ${usage}`.trimEnd()}\n      ${summary}\n`);
  return `Usage: strongroom ${group === '' ? 'COMMAND' : `${group} COMMAND`}\n\n${lines.join('')}`;
}

/** Says that there is no such command, and which one may have been meant. */
export function unknownCommand(commands: CommandTable, words: readonly string[]): string {
  const near = nearestCommand(commands, words);
  const given = words.slice(0, 3).every(shownWord) ? ` "${words.slice(0, 3).join(' ')}"` : '';
  const meant = near === undefined ? '' : ` Did you mean "strongroom ${near}"?`;
  return `There is no command${given}.${meant}\n"strongroom -h" lists all commands.\n`;
}

/** As many words as the command has are compared: what follows are arguments. */
function nearestCommand(commands: CommandTable, words: readonly string[]): string | undefined {
  const names = Object.keys(commands);
  const groups = new Set(names.flatMap((name) => [name, ...name.split(' ').map((_, at, parts) => parts.slice(0, at + 1).join(' '))]));
  for (const count of [3, 2, 1]) {
    const near =
      words.length < count
        ? undefined
        : nearest(
            words.slice(0, count).join(' '),
            [...groups].filter((name) => name.split(' ').length === count),
          );
    if (near !== undefined) return near;
  }
  return undefined;
}
