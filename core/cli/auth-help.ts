/** `auth help`. */
import { apiPath } from './api-path.ts';
import type { Command } from './command.ts';
import { member, textOf } from './json-node.ts';
import { clientCommand } from './session.ts';

/** Prints what the server says of an auth method: its paths, and what they are for. */
export const authHelp: Command = clientCommand({}, async ({ rest, terminal, call }) => {
  const path = apiPath(rest[0], rest.slice(1)).replace(/^auth\//, '');
  const { body } = await call({ method: 'GET', path: `auth/${path}`, query: { help: '1' }, plain: true });
  terminal.out(`${textOf(member(body, 'help')).trimEnd()}\n`);
  return 0;
});
