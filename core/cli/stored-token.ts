/** The token that a login keeps for later commands: `~/.vault-token`, where `vault` has it, too. */
import { join } from 'node:path';
import type { Terminal } from './terminal.ts';

/** Gives the token, or undefined when there is none or it can't be read. */
export function storedToken(terminal: Terminal): string | undefined {
  try {
    return terminal.readFile(placeOf(terminal)).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a token. @throws Error when the file can't be written */
export function storeToken(token: string, terminal: Terminal): void {
  const place = placeOf(terminal);
  try {
    terminal.writePrivateFile(place, token);
  } catch (cause) {
    throw new Error(`Error storing the token: cannot write ${place}; -no-store leaves it out, and -token-only prints the token alone`, {
      cause,
    });
  }
}

function placeOf({ env }: Terminal): string {
  return join(env['HOME'] ?? '', '.vault-token');
}
