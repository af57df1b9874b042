/** `operator init`. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import type { Command } from './command.ts';
import { elements, member, objectNode, textNode, textOf } from './json-node.ts';
import { printTree } from './print.ts';
import { clientCommand } from './session.ts';

const flags = {
  'key-shares': 'integer',
  'key-threshold': 'integer',
  n: 'integer',
  t: 'integer',
  status: 'boolean',
  'share-public-keys': 'text',
} as const;

/** Initialises the server and prints the shares and the root token. `-status`: 0 when that was done already, 2 when not. */
export const operatorInit: Command = clientCommand(flags, async ({ flags: given, format, terminal, call }) => {
  if (given.status) {
    const { body } = await call({ method: 'GET', path: 'sys/init' });
    const initialized = textOf(member(body, 'initialized')) === 'true';
    terminal.out(initialized ? 'Vault is initialized\n' : 'Vault is not initialized\n');
    return initialized ? 0 : 2;
  }
  const shares = given['key-shares'] ?? given.n ?? 5;
  const threshold = given['key-threshold'] ?? given.t ?? Math.min(3, shares);
  const { body } = await call({
    method: 'PUT',
    path: 'sys/init',
    body: JSON.stringify({
      secret_shares: shares,
      secret_threshold: threshold,
      ...(given['share-public-keys'] === undefined ? {} : { share_public_keys: given['share-public-keys'].split(',') }),
    }),
  });
  if (format !== 'table') {
    printTree(summary(body, shares, threshold), format, terminal);
    return 0;
  }
  const keys = elements(member(body, 'keys_base64'));
  keys.forEach((key, index) => terminal.out(`Unseal Key ${index + 1}: ${textOf(key)}\n`));
  terminal.out(`${keys.length > 0 ? '\n' : ''}Initial Root Token: ${textOf(member(body, 'root_token'))}\n\n`);
  terminal.out(
    keys.length > 0
      ? `Initialized with ${keys.length} key shares and a key threshold of ${threshold}. Give each share to another person,
and keep none of them on this machine. After every seal, restart or stop, ${threshold} of them unseal the server.
Without ${threshold} shares its data is lost for good: the root key is stored nowhere.\n`
      : 'Initialized. The seal unseals the server by itself.\n',
  );
  return 0;
});

/** The answer with the names that `vault operator init -format=json` gives it, which scripts read. */
function summary(body: JsonNode | undefined, shares: number, threshold: number): JsonNode {
  const none: JsonNode = { kind: 'array', items: [] };
  return objectNode([
    ['unseal_keys_b64', member(body, 'keys_base64') ?? none],
    ['unseal_keys_hex', member(body, 'keys') ?? none],
    ['unseal_shares', number(shares)],
    ['unseal_threshold', number(threshold)],
    ['recovery_keys_b64', member(body, 'recovery_keys_base64') ?? none],
    ['recovery_keys_hex', member(body, 'recovery_keys') ?? none],
    ['recovery_keys_shares', number(elements(member(body, 'recovery_keys')).length)],
    ['recovery_keys_threshold', number(elements(member(body, 'recovery_keys')).length)],
    ['root_token', member(body, 'root_token') ?? textNode('')],
  ]);
}

function number(value: number): JsonNode {
  return { kind: 'scalar', text: String(value) };
}
