/** Flags as `vault` takes them: `-name=value`, `-name value`, one dash or two, before the first argument that is none. */
import { nearest, shownWord } from './nearest.ts';
import { UsageError, type Terminal } from './terminal.ts';

/** What a flag takes. `list` may be given several times. */
export type FlagKind = 'text' | 'integer' | 'boolean' | 'list';

/** The flags of a command. */
export type FlagTable = Readonly<Record<string, FlagKind>>;

/** The values that were given. */
export type FlagValues<T extends FlagTable> = {
  readonly [Name in keyof T]?: T[Name] extends 'boolean'
    ? boolean
    : T[Name] extends 'integer'
      ? number
      : T[Name] extends 'list'
        ? readonly string[]
        : string;
};

/** Flags of every command that calls the server. */
export const clientFlags: {
  readonly address: 'text';
  readonly 'ca-cert': 'text';
  readonly 'client-cert': 'text';
  readonly 'client-key': 'text';
  readonly 'tls-skip-verify': 'boolean';
  readonly 'tls-server-name': 'text';
  readonly namespace: 'text';
  readonly format: 'text';
  readonly field: 'text';
  readonly 'wrap-ttl': 'text';
} = {
  address: 'text',
  'ca-cert': 'text',
  'client-cert': 'text',
  'client-key': 'text',
  'tls-skip-verify': 'boolean',
  'tls-server-name': 'text',
  namespace: 'text',
  format: 'text',
  field: 'text',
  'wrap-ttl': 'text',
};

/**
 * Splits arguments into flags and the rest.
 * @throws UsageError for unknown flags and values that are not what the flag takes
 */
export function parseFlags<const T extends FlagTable>(
  args: readonly string[],
  table: T,
  terminal: Terminal,
): { readonly flags: FlagValues<T>; readonly rest: readonly string[] } {
  const flags: Record<string, unknown> = {};
  let at = 0;
  for (; at < args.length; at += 1) {
    const [, name, value] = /^--?([A-Za-z][A-Za-z0-9-]*)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (args[at] === '--') {
      at += 1;
      break;
    }
    if (name === undefined) break;
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) throw new UsageError(unknownFlag(name, table));
    const given = value ?? (kind === 'boolean' ? 'true' : args[(at += 1)]);
    if (given === undefined) throw new UsageError(`flag needs an argument: -${name}`);
    const before = flags[name] as readonly string[] | undefined;
    flags[name] = kind === 'list' ? [...(before ?? []), given] : parseValue(name, kind, given);
  }
  const rest = args.slice(at);
  // Only names that are flags: anything else may be a secret.
  const late = rest.flatMap((arg) => {
    const name = /^--?([A-Za-z0-9-]+)(?:=|$)/.exec(arg)?.[1] ?? '';
    return Object.hasOwn(table, name) ? [`-${name}`] : [];
  });
  if (late.length > 0 && args[at - 1] !== '--') {
    terminal.err(
      `Command flags must be provided before positional arguments. The following arguments will not be parsed as flags: [${late.join(',')}]\n`,
    );
  }
  return { flags: flags as FlagValues<T>, rest };
}

function unknownFlag(name: string, table: FlagTable): string {
  const near = nearest(name, Object.keys(table));
  const words = shownWord(name) ? `flag provided but not defined: -${name}` : 'flag provided but not defined';
  return near === undefined ? words : `${words}. Did you mean -${near}?`;
}

function parseValue(name: string, kind: 'text' | 'integer' | 'boolean', value: string): string | number | boolean {
  if (kind === 'text') return value;
  if (kind === 'integer') {
    if (!/^-?[0-9]{1,15}$/.test(value)) throw new UsageError(`invalid value for flag -${name}: not a whole number`);
    return Number(value);
  }
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw new UsageError(`invalid boolean value for flag -${name}`);
}
