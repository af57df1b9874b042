/** The token that a command is about, if one is named. */
import { type Terminal, UsageError } from './terminal.ts';

/** The only argument, or standard input for `-`: other users of a machine see the arguments. @throws UsageError for more */
export async function tokenArgument(rest: readonly string[], terminal: Terminal): Promise<string | undefined> {
  if (rest.length > 1) throw new UsageError(`Too many arguments (expected 0-1, got ${rest.length})`);
  return rest[0] === '-' ? (await terminal.readStdin()).trim() : rest[0];
}

/** How the server is asked about a token: by its text, by its accessor, or as whoever asks. @throws UsageError for an accessor that is missing */
export function tokenCall(
  operation: 'lookup' | 'renew',
  named: string | undefined,
  byAccessor: boolean,
): { readonly path: string; readonly fields: Readonly<Record<string, string>> } {
  if (named === undefined) {
    if (byAccessor) throw new UsageError('Not enough arguments with -accessor (expected 1, got 0)');
    return { path: `auth/token/${operation}-self`, fields: {} };
  }
  return byAccessor
    ? { path: `auth/token/${operation}-accessor`, fields: { accessor: named } }
    : { path: `auth/token/${operation}`, fields: { token: named } };
}
