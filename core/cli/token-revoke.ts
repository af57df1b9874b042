/** `token revoke`. */
import type { Command } from './command.ts';
import { clientCommand, type Session } from './session.ts';
import { UsageError } from './terminal.ts';
import { tokenArgument } from './token-argument.ts';

const revokeFlags = { self: 'boolean', accessor: 'boolean', mode: 'text' } as const;
type Flags = Session<typeof revokeFlags>['flags'];

/** Revokes a token and all below it; with `-mode=orphan` it alone; with `-mode=path` all that were made by a login or role at a path. */
export const tokenRevoke: Command = clientCommand(revokeFlags, async ({ flags, rest, terminal, call }) => {
  checkFlags(flags, rest.length);
  const { path, fields } = revocation(flags, (await tokenArgument(rest, terminal)) ?? '');
  await call({ method: 'PUT', path, body: JSON.stringify(fields) });
  terminal.out('Success! Revoked token (if it existed)\n');
  return 0;
});

function checkFlags({ self, accessor, mode = '' }: Flags, given: number): void {
  if (self && given > 0) throw new UsageError(`Too many arguments with -self (expected 0, got ${given})`);
  if (!self && given !== 1) throw new UsageError(`${given > 1 ? 'Too many' : 'Not enough'} arguments (expected 1 or -self, got ${given})`);
  if (self && accessor) throw new UsageError('Cannot use -self with -accessor!');
  if (self && mode !== '') throw new UsageError('Cannot use -self with -mode!');
  if (accessor && mode !== '') throw new UsageError(`Cannot use -accessor with -mode=${mode}!`);
  if (!['', 'orphan', 'path'].includes(mode)) throw new UsageError('invalid value for flag -mode: use orphan or path');
}

function revocation(
  { self, accessor, mode }: Flags,
  named: string,
): { readonly path: string; readonly fields: Readonly<Record<string, string>> } {
  if (self) return { path: 'auth/token/revoke-self', fields: {} };
  if (accessor) return { path: 'auth/token/revoke-accessor', fields: { accessor: named } };
  if (mode === 'path') return { path: `sys/leases/revoke-prefix/${named.replace(/^\/|\/$/g, '')}`, fields: {} };
  return { path: mode === 'orphan' ? 'auth/token/revoke-orphan' : 'auth/token/revoke', fields: { token: named } };
}
