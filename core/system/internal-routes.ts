/** What user interfaces ask about the caller and the server: `sys/internal/ui/…` beside mounts, and counters. */
import type { Json } from '@strongroom/sdk-plugin';
import { Transaction } from '../barrier/transaction.ts';
import { entityDirectories } from '../identity/entity-entries.ts';
import { tokenDirectories } from '../identity/token-entries.ts';
import type { Acl } from '../policy/acl.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { aclOfToken } from '../request/rights.ts';

const page = 10_000;

/** The caller's rules, sorted as interfaces want them: patterns with a wildcard apart, without their last `*`. */
function sortedRules(acl: Acl): Record<string, Json> {
  const exact: Record<string, Json> = {};
  const glob: Record<string, Json> = {};
  for (const { path, capabilities } of acl.rules()) {
    if (path.endsWith('*')) glob[path.slice(0, -1)] = { capabilities };
    else (path.split('/').includes('+') ? glob : exact)[path] = { capabilities };
  }
  return { root: acl.root, exact_paths: exact, glob_paths: glob, chroot_namespace: '' };
}

async function resultantAcl({ unsealed, tx, caller }: HostContext): Promise<HostReply> {
  return { data: sortedRules(await aclOfToken(unsealed, tx, caller)) };
}

/** It looks at every entry, a page at a time, and is no part of the request's transaction. */
async function countEntries({ unsealed }: HostContext, directory: string): Promise<number> {
  let total = 0;
  for (let after = ''; ;) {
    const names = await new Transaction(unsealed).list(directory, after, page);
    total += names.length;
    if (names.length < page) return total;
    after = names.at(-1)!;
  }
}

async function countTokens(ctx: HostContext): Promise<HostReply> {
  return { data: { counters: { service_tokens: { total: await countEntries(ctx, tokenDirectories.id) } } } };
}

async function countEntities(ctx: HostContext): Promise<HostReply> {
  return { data: { counters: { entities: { total: await countEntries(ctx, entityDirectories.entity) } } } };
}

/** The routes. */
export const internalRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/internal/ui/namespaces', {
    summary: 'Namespaces below the root, of which there are none',
    access: 'public',
    read: { handler: () => ({ data: { keys: [] } }) },
  }),
  ...hostRoute('sys/internal/ui/resultant-acl', {
    summary: "The caller's rules, united over its policies",
    read: { handler: resultantAcl },
  }),
  ...hostRoute('sys/internal/counters/tokens', { summary: 'How many service tokens there are', read: { handler: countTokens } }),
  ...hostRoute('sys/internal/counters/entities', {
    summary: 'How many entities there are',
    read: { handler: countEntities },
  }),
  ...hostRoute('sys/internal/counters/requests', {
    summary: 'Requests by month, which are not counted: see sys/metrics',
    read: { handler: () => ({ data: { counters: [] } }) },
  }),
};
