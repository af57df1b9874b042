/** `sys/policies/password`: password policies, by which engines make passwords, and a password of each. */
import { schema as s } from '@strongroom/sdk-plugin';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { generatePassword, parsePasswordPolicy, type PasswordPolicy } from '../policy/password-policy.ts';
import { policyName } from '../policy/policy-store.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { decodeRules } from './policy-routes.ts';

const directory = 'core/password-policy/';

function read(tx: Transaction, name: string): Promise<{ readonly text: string; readonly policy: PasswordPolicy } | undefined> {
  return Promise.resolve(
    tx.derived(directory + policyName(name), (value) => {
      const text = Buffer.from(value).toString();
      return { text, policy: parsePasswordPolicy(text) };
    }),
  );
}

function write({ tx }: HostContext, name: string, sent: string): undefined {
  const text = decodeRules(sent);
  parsePasswordPolicy(text);
  tx.put(directory + policyName(name), Buffer.from(text));
  return undefined;
}

async function generate({ tx }: HostContext, name: string): Promise<HostReply> {
  const found = await read(tx, name);
  if (found === undefined) throw new StrongroomError('missing', 'policy does not exist');
  return { data: { password: generatePassword(found.policy) } };
}

/** The routes. */
export const passwordPolicyRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/policies/password', {
    summary: 'Names of password policies',
    list: {
      handler: async ({ tx }) => {
        const keys = await tx.list(directory);
        return keys.length === 0 ? undefined : { data: { keys } };
      },
    },
  }),
  ...hostRoute('sys/policies/password/{name}', {
    summary: 'A password policy',
    lowercase: ['name'],
    read: {
      handler: async ({ tx }, { name }) => {
        const found = await read(tx, name);
        return found && { data: { policy: found.text } };
      },
    },
    update: { input: { policy: s.string() }, handler: (ctx, { name }, { policy }) => write(ctx, name, policy) },
    delete: {
      handler: ({ tx }, { name }) => {
        tx.delete(directory + policyName(name));
        return { urgent: true };
      },
    },
  }),
  ...hostRoute('sys/policies/password/{name}/generate', {
    summary: 'A password by a policy',
    lowercase: ['name'],
    read: { handler: (ctx, { name }) => generate(ctx, name) },
  }),
};
