/** `login`: a name and a password, or whatever the auth method takes, for a token. */
import { printJson } from '@strongroom/sdk-plugin';
import { printAuth } from './auth-table.ts';
import { members, objectNode, textNode, textOf } from './json-node.ts';
import { kvData } from './kv-data.ts';
import { clientCommand } from './session.ts';
import { type Command, UsageError } from './terminal.ts';

const flags = { method: 'text', path: 'text', 'token-only': 'boolean', 'no-store': 'boolean' } as const;

/**
 * Logs in by `-method`, mounted at `-path` (default: the method's name), and prints the token. A `username` becomes part of the path, and a password
 * that is not given is asked for unseen. The token is kept nowhere: `export VAULT_TOKEN=$(strongroom login -token-only …)`.
 */
export const login: Command = clientCommand(flags, async ({ flags: given, rest, format, terminal, call }) => {
  const { method, path = method } = given;
  if (method === undefined || path === undefined) throw new UsageError('Must supply -method, such as -method=userpass');
  const data = new Map(members(await kvData(rest, terminal)));
  const username = data.get('username');
  data.delete('username');
  if (username !== undefined && !data.has('password'))
    data.set('password', textNode(await terminal.askSecret('Password (will be hidden): ')));
  if (username !== undefined && textOf(username).includes('/')) throw new UsageError('username must not hold a slash');
  const name = username === undefined ? '' : `/${textOf(username)}`;
  const { body } = await call({
    method: 'PUT',
    path: `auth/${path.replace(/^\/|\/$/g, '')}/login${name}`,
    body: printJson(objectNode(data)),
  });
  printAuth(body, given['token-only'] ? 'token' : given.field, format, terminal);
  return 0;
});
