/** `token create` and `token renew`. */
import type { Command } from './command.ts';
import { keyValues } from './key-values.ts';
import { printAnswer } from './print-answer.ts';
import { clientCommand } from './session.ts';
import { UsageError } from './terminal.ts';
import { tokenArgument, tokenCall } from './token-argument.ts';

const createFlags = {
  id: 'text',
  'display-name': 'text',
  ttl: 'text',
  'explicit-max-ttl': 'text',
  period: 'text',
  renewable: 'boolean',
  orphan: 'boolean',
  'no-default-policy': 'boolean',
  'use-limit': 'integer',
  type: 'text',
  metadata: 'list',
  policy: 'list',
  role: 'text',
  'entity-alias': 'text',
} as const;

/** Creates a token below the own one, or below none with `-orphan`. */
export const tokenCreate: Command = clientCommand(createFlags, async ({ flags, rest, format, terminal, call }) => {
  if (rest.length > 0) throw new UsageError(`Too many arguments (expected 0, got ${rest.length})`);
  const body = {
    id: flags.id,
    display_name: flags['display-name'],
    ttl: flags.ttl,
    explicit_max_ttl: flags['explicit-max-ttl'],
    period: flags.period,
    renewable: flags.renewable ?? true,
    no_parent: flags.orphan,
    no_default_policy: flags['no-default-policy'],
    num_uses: flags['use-limit'],
    type: flags.type,
    meta: flags.metadata === undefined ? undefined : keyValues('metadata', flags.metadata),
    policies: flags.policy,
    entity_alias: flags['entity-alias'],
  };
  const path = flags.role === undefined ? 'auth/token/create' : `auth/token/create/${flags.role}`;
  const answer = await call({ method: 'PUT', path, body: JSON.stringify(body) });
  printAnswer(answer.body, { flags, format, terminal });
  return 0;
});

/** Renews a token: the own one unless another is named. */
export const tokenRenew: Command = clientCommand(
  { accessor: 'boolean', increment: 'text' },
  async ({ flags, rest, format, terminal, call }) => {
    const { path, fields } = tokenCall('renew', await tokenArgument(rest, terminal), flags.accessor === true);
    const answer = await call({ method: 'PUT', path, body: JSON.stringify({ ...fields, increment: flags.increment }) });
    printAnswer(answer.body, { flags, format, terminal });
    return 0;
  },
);
