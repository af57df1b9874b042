/** `lease lookup|renew|revoke`. */
import { apiPath } from './api-path.ts';
import type { ApiCall } from './api-client.ts';
import type { Command } from './command.ts';
import { printAnswer, printWarnings } from './print-answer.ts';
import { printSuccess } from './print.ts';
import { clientCommand } from './session.ts';
import { UsageError } from './terminal.ts';

/** Shows a lease. */
export const leaseLookup: Command = clientCommand({}, async (session) => {
  const id = apiPath(session.rest[0], session.rest.slice(1));
  const { body } = await session.call({ method: 'PUT', path: 'sys/leases/lookup', body: JSON.stringify({ lease_id: id }) });
  printAnswer(body, session);
  return 0;
});

/** Makes a lease last longer: by its own time, or for `-increment` from now. */
export const leaseRenew: Command = clientCommand({ increment: 'text' }, async (session) => {
  const id = apiPath(session.rest[0], session.rest.slice(1));
  const body = JSON.stringify({ lease_id: id, increment: session.flags.increment });
  printAnswer((await session.call({ method: 'PUT', path: 'sys/leases/renew', body })).body, session);
  return 0;
});

const revokeFlags = { prefix: 'boolean', force: 'boolean', f: 'boolean', sync: 'boolean' } as const;

/** Ends a lease, or all below `-prefix`; with `-force` also those that can't be ended outside; with `-sync` waits until they are ended. */
export const leaseRevoke: Command = clientCommand(revokeFlags, async ({ flags, rest, terminal, call }) => {
  const force = flags.force === true || flags.f === true;
  const id = apiPath(rest[0], rest.slice(1));
  if (force && flags.prefix !== true) throw new UsageError('Specifying -force requires also specifying -prefix');
  if (force)
    terminal.err('WARNING! Force-removing leases can leave what they stand for in other systems: nothing will remove it there any more.\n');
  const answer = await call(revocation(id, force, flags.prefix === true, flags.sync === true));
  printWarnings(answer.body, terminal);
  if (force) return printSuccess(`Force revoked any leases with prefix: ${id}`, terminal);
  if (flags.sync !== true) {
    terminal.out('All revocation operations queued successfully!\n');
    return 0;
  }
  return printSuccess(flags.prefix === true ? `Revoked any leases with prefix: ${id}` : `Revoked lease: ${id}`, terminal);
});

function revocation(id: string, force: boolean, prefix: boolean, sync: boolean): ApiCall {
  if (force) return { method: 'PUT', path: `sys/leases/revoke-force/${id}`, body: '{}' };
  if (prefix) return { method: 'PUT', path: `sys/leases/revoke-prefix/${id}`, body: JSON.stringify({ sync }) };
  return { method: 'PUT', path: 'sys/leases/revoke', body: JSON.stringify({ lease_id: id, sync }) };
}
