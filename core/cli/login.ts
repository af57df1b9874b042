/** `login`: a token, a name and a password, or whatever the auth method takes. */
import { type JsonNode, printJson } from '@strongroom/sdk-plugin';
import type { Command } from './command.ts';
import { elements, isNothing, member, members, objectNode, textNode, textOf } from './json-node.ts';
import { kvData } from './kv-data.ts';
import { printAnswer, printWarnings } from './print-answer.ts';
import { printField } from './print.ts';
import { clientCommand, type Session } from './session.ts';
import { storeToken } from './stored-token.ts';
import { UsageError } from './terminal.ts';

const flags = { method: 'text', path: 'text', 'token-only': 'boolean', 'no-store': 'boolean', 'no-print': 'boolean' } as const;
type LoginSession = Session<typeof flags>;

/**
 * Logs in by `-method` (default: by a token), mounted at `-path` (default: the method's name). A `username` becomes part of the path, and what is
 * secret and not given is asked for unseen. The token is kept for later commands unless `-no-store` or `-token-only` says otherwise.
 */
export const login: Command = clientCommand(flags, async (session) => {
  const { flags: given, terminal, format } = session;
  const { method = 'token' } = given;
  const body = method === 'token' ? await byToken(session) : await byMethod(session, method);
  const auth = member(body, 'auth');
  if (isNothing(auth)) throw new Error('The auth method gave no token');
  const tokenOnly = given['token-only'] === true;
  const stored = !tokenOnly && given['no-store'] !== true;
  if (stored) storeToken(textOf(member(auth, 'client_token')), terminal);
  if (stored && (terminal.env['VAULT_TOKEN'] ?? '') !== '')
    terminal.err(
      'WARNING! The VAULT_TOKEN environment variable is set, and takes precedence over the token that is kept now: unset it.\n\n',
    );
  if (given['no-print'] === true && !tokenOnly) {
    printWarnings(body, terminal);
    return 0;
  }
  if (tokenOnly) printField(auth, 'client_token', 'table', terminal);
  else {
    if (given.field === undefined && format === 'table') terminal.out(stored ? keptText : notKeptText);
    printAnswer(body, session);
  }
  return 0;
});

const keptText = `Success! You are now authenticated. The token information displayed below
is already stored in the token file. You do NOT need to log in again:
later commands will use this token.

`;
const notKeptText = `Success! You are now authenticated. The token information displayed below
is not stored. Set the VAULT_TOKEN environment variable to the token for
later commands.

`;

/** The token is looked up, so that one that is not valid is never kept. */
async function byToken({ rest, terminal, call }: LoginSession): Promise<JsonNode> {
  const token = await givenToken(rest, terminal);
  const { body } = await call({ method: 'GET', path: 'auth/token/lookup-self', token, plain: true });
  const data = member(body, 'data');
  const policies: JsonNode = {
    kind: 'array',
    items: [...elements(member(data, 'policies')), ...elements(member(data, 'identity_policies'))],
  };
  const auth = objectNode([
    ['client_token', textNode(token)],
    ['accessor', member(data, 'accessor') ?? textNode('')],
    ['policies', policies],
    ['token_policies', member(data, 'policies') ?? policies],
    ['identity_policies', member(data, 'identity_policies') ?? { kind: 'array', items: [] }],
    ['metadata', member(data, 'meta') ?? { kind: 'scalar', text: 'null' }],
    ['lease_duration', member(data, 'ttl') ?? { kind: 'scalar', text: '0' }],
    ['renewable', member(data, 'renewable') ?? { kind: 'scalar', text: 'false' }],
  ]);
  return objectNode([
    ...members(body).filter(([name]) => !['data', 'auth', 'warnings'].includes(name)),
    ['data', { kind: 'scalar', text: 'null' }],
    ['auth', auth],
  ]);
}

async function givenToken(rest: readonly string[], terminal: LoginSession['terminal']): Promise<string> {
  const [first, more] = rest;
  const named = rest.find((argument) => argument.startsWith('token='))?.slice('token='.length);
  if (more !== undefined || (named === undefined && first?.includes('=') === true))
    throw new UsageError('A login by token takes one argument. Must supply -method, such as -method=userpass, to log in by key=value');
  const given = named ?? first;
  const token = (
    given === undefined ? await terminal.askSecret('Token (will be hidden): ') : given === '-' ? await terminal.readStdin() : given
  ).trim();
  if (token === '') throw new UsageError('The token is empty');
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError('The token holds characters that no token has');
  return token;
}

async function byMethod({ flags: given, rest, terminal, call }: LoginSession, method: string): Promise<JsonNode | undefined> {
  const data = new Map(members(await kvData(rest, terminal)));
  const username = data.get('username');
  data.delete('username');
  if (username !== undefined && !data.has('password'))
    data.set('password', textNode(await terminal.askSecret('Password (will be hidden): ')));
  if (username !== undefined && textOf(username).includes('/')) throw new UsageError('username must not hold a slash');
  const name = username === undefined ? '' : `/${textOf(username)}`;
  const path = (given.path ?? method).replace(/^\/|\/$/g, '').replace(/^auth\/(?=.)/, '');
  const { body } = await call({ method: 'PUT', path: `auth/${path}/login${name}`, body: printJson(objectNode(data)) });
  return body;
}
