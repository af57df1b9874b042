/** `login`: a name and a password, or whatever the auth method takes, for a token. */
import { type JsonNode, printJson } from '@strongroom/sdk-plugin';
import { elements, member, members, objectNode, textNode, textOf } from './json-node.ts';
import { kvData } from './kv-data.ts';
import { printField, printRows, printTree } from './print.ts';
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
  const auth = member(body, 'auth');
  const field = given['token-only'] ? 'token' : given.field;
  if (field !== undefined)
    printField(objectNode([['token', member(auth, 'client_token') ?? textNode('')], ...members(auth)]), field, terminal);
  else if (format !== 'table') printTree(body ?? objectNode([]), format, terminal);
  else printRows(authRows(auth), terminal);
  return 0;
});

/** What tables say of a token. */
export function authRows(auth: JsonNode | undefined): readonly (readonly [string, string])[] {
  return [
    ['token', textOf(member(auth, 'client_token'))],
    ['token_accessor', textOf(member(auth, 'accessor'))],
    ['token_duration', `${textOf(member(auth, 'lease_duration'))}s`],
    ['token_renewable', textOf(member(auth, 'renewable'))],
    ['token_policies', `[${elements(member(auth, 'policies')).map(textOf).join(' ')}]`],
    ...members(member(auth, 'metadata')).map(([name, value]): readonly [string, string] => [`token_meta_${name}`, textOf(value)]),
  ];
}
