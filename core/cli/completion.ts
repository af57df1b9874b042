/** `completion`: scripts for shells, from the table of commands and their flags. */
import { type Command, type CommandTable, localCommand } from './command.ts';
import { flagWords } from './flag-words.ts';
import type { FlagTable } from './flags.ts';
import { UsageError } from './terminal.ts';

/** Prints the script for a shell. @param commands given late, because the command is in the table itself */
export function completion(commands: () => CommandTable): Command {
  return localCommand({}, ({ rest, terminal }) => {
    const shell = rest.length === 1 && Object.hasOwn(scripts, rest[0] ?? '') ? (rest[0] as keyof typeof scripts) : undefined;
    if (shell === undefined) throw new UsageError('Expected one argument: bash, zsh or fish');
    terminal.out(scripts[shell](placesOf(commands())));
    return Promise.resolve(0);
  });
}

/** What can follow the words so far. */
interface Place {
  readonly words: string;
  /** Sub-commands with their summaries. */
  readonly next: readonly (readonly [string, string])[];
  readonly flags: FlagTable;
}

/** Every beginning of a command, longest first. */
function placesOf(commands: CommandTable): readonly Place[] {
  const places = new Map<string, { next: Map<string, string>; flags: FlagTable }>();
  const at = (words: string): { next: Map<string, string>; flags: FlagTable } => {
    const place = places.get(words) ?? { next: new Map(), flags: {} };
    places.set(words, place);
    return place;
  };
  for (const [name, { summary, command }] of Object.entries(commands)) {
    const words = name.split(' ');
    words.forEach((word, index) => {
      const { next } = at(words.slice(0, index).join(' '));
      if (index === words.length - 1) next.set(word, summary);
      else if (!next.has(word)) next.set(word, `Commands for ${words.slice(0, index + 1).join(' ')}`);
    });
    at(name).flags = command.flags;
  }
  return [...places]
    .map(([words, { next, flags }]) => ({ words, next: [...next].sort(([a], [b]) => (a < b ? -1 : 1)), flags }))
    .sort((a, b) => b.words.length - a.words.length || (a.words < b.words ? -1 : 1));
}

const flagsOf = (flags: FlagTable): readonly (readonly [string, string])[] =>
  Object.entries(flags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, kind]) => [kind === 'boolean' ? `-${name}` : `-${name}=`, flagWords[name] ?? '']);

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The words before the cursor that are no flags, and what they lead to. */
const bash = (places: readonly Place[]): string => `# bash completion of strongroom: source <(strongroom completion bash)
_strongroom() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" word before="" choices=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # Bash takes -flag=value apart at the equals sign.
    [[ $word == -* || $word == = || $before == = ]] || words+="$word "
    before="$word"
  done
  case "$words" in
${places
  .map(
    ({ words, next, flags }) =>
      `    ${words === '' ? '""' : `"${words} "*`}) if [[ $current == -* ]]; then choices=${quote(
        flagsOf(flags)
          .map(([flag]) => flag)
          .join(' '),
      )}; ${next.length === 0 ? '' : `elif [[ $words == ${quote(words === '' ? '' : `${words} `)} ]]; then choices=${quote(next.map(([word]) => word).join(' '))}; `}fi ;;`,
  )
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  [[ -n $choices || \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _strongroom strongroom
`;

const described = (items: readonly (readonly [string, string])[]): string =>
  items.map(([word, summary]) => quote(`${word.replaceAll(':', '\\:')}:${summary}`)).join(' ');

const zsh = (places: readonly Place[]): string => `#compdef strongroom
# zsh completion of strongroom: source <(strongroom completion zsh)
_strongroom() {
  local words_before="" word
  local -a choices
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] || words_before+="$word "
  done
  case "$words_before" in
${places.map(({ words, next, flags }) => `    ${words === '' ? '("")' : `("${words} "*)`} if [[ $PREFIX == -* ]]; then choices=(${described(flagsOf(flags))}); ${next.length === 0 ? '' : `elif [[ $words_before == ${quote(words === '' ? '' : `${words} `)} ]]; then choices=(${described(next)}); `}fi ;;`).join('\n')}
  esac
  if (( \${#choices} )); then _describe -V strongroom choices; else _files; fi
}
(( $+functions[compdef] )) && compdef _strongroom strongroom
`;

const fish = (places: readonly Place[]): string => `# fish completion of strongroom: strongroom completion fish | source
function __strongroom_at
  set -l words (commandline -opc)
  set -l before
  for word in $words[2..-1]
    string match -q -- '-*' $word; or set -a before $word
  end
  string match -q -- $argv[1] "$before"
end
${places
  .flatMap(({ words, next, flags }) => [
    ...next.map(([word, summary]) => `complete -c strongroom -f -n ${quote(`__strongroom_at '${words}'`)} -a ${word} -d ${quote(summary)}`),
    ...flagsOf(flags).map(
      ([flag, text]) =>
        `complete -c strongroom -n ${quote(`__strongroom_at '${words}'; or __strongroom_at '${words} *'`)} -o ${flag.replace(/^-|=$/g, '')}${flag.endsWith('=') ? ' -r' : ''} -d ${quote(text)}`,
    ),
  ])
  .join('\n')}
`;

const scripts: Readonly<Record<'bash' | 'zsh' | 'fish', (places: readonly Place[]) => string>> = { bash, zsh, fish };
