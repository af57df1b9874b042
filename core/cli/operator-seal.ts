/** `operator unseal` and `operator seal`. */
import type { Command } from './command.ts';
import { printSealStatus } from './seal-status.ts';
import { clientCommand } from './session.ts';
import { shareArgument } from './share-argument.ts';

/** Hands over one share: the argument, standard input for `-`, or what is typed unseen. `-reset` forgets the shares so far. */
export const operatorUnseal: Command = clientCommand(
  { reset: 'boolean', migrate: 'boolean' },
  async ({ flags, rest, format, terminal, call }) => {
    const share = (): Promise<string> => shareArgument(rest[0], terminal, 'Unseal Key (will be hidden): ');
    const body = flags.reset ? { reset: true } : { key: await share(), ...(flags.migrate ? { migrate: true } : {}) };
    const answer = await call({ method: 'PUT', path: 'sys/unseal', body: JSON.stringify(body) });
    printSealStatus(answer.body, format, flags.field, terminal);
    return 0;
  },
);

/** Seals the server. */
export const operatorSeal: Command = clientCommand({}, async ({ terminal, call }) => {
  await call({ method: 'PUT', path: 'sys/seal' });
  terminal.out('Success! Vault is sealed.\n');
  return 0;
});
