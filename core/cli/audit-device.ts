/** `audit list|enable|disable`. */
import { apiPath } from './api-path.ts';
import type { Command } from './command.ts';
import { member, members, objectNode, textOf } from './json-node.ts';
import { keyValues } from './key-values.ts';
import { printColumns, printSuccess, printTree } from './print.ts';
import { clientCommand } from './session.ts';
import { UsageError } from './terminal.ts';

/** Lists the devices. Exit code 2 when there are none. */
export const auditList: Command = clientCommand({ detailed: 'boolean' }, async ({ flags, format, terminal, call }) => {
  const devices = member((await call({ method: 'GET', path: 'sys/audit' })).body, 'data') ?? objectNode([]);
  const rows = [...members(devices)].sort(([a], [b]) => (a < b ? -1 : 1));
  if (format !== 'table') printTree(devices, format, terminal);
  else if (rows.length === 0) terminal.out('No audit devices are enabled.\n');
  else {
    const titles = ['Path', 'Type', 'Description', ...(flags.detailed === true ? ['Replication', 'Options'] : [])];
    printColumns(
      titles,
      rows.map(([path, device]) =>
        [
          path,
          textOf(member(device, 'type')),
          textOf(member(device, 'description')),
          textOf(member(device, 'local')) === 'true' ? 'local' : 'replicated',
          members(member(device, 'options'))
            .map(([name, value]) => `${name}=${textOf(value)}`)
            .sort()
            .join(' '),
        ].slice(0, titles.length),
      ),
      terminal,
    );
  }
  return rows.length === 0 ? 2 : 0;
});

/** Adds a device of a type with `key=value` options. */
export const auditEnable: Command = clientCommand(
  { path: 'text', description: 'text', local: 'boolean' },
  async ({ flags, rest, terminal, call }) => {
    const [type, ...options] = rest;
    if (type === undefined || type.includes('='))
      throw new UsageError('Expected the type of the audit device, then its options as key=value');
    const path = apiPath(flags.path ?? type);
    const body = { type, description: flags.description, local: flags.local, options: keyValues('option', options) };
    await call({ method: 'PUT', path: `sys/audit/${path}`, body: JSON.stringify(body) });
    return printSuccess(`Enabled the ${type} audit device at: ${path}/`, terminal);
  },
);

/** Removes a device. */
export const auditDisable: Command = clientCommand({}, async ({ rest, terminal, call }) => {
  const path = apiPath(rest[0], rest.slice(1));
  await call({ method: 'DELETE', path: `sys/audit/${path}` });
  return printSuccess(`Disabled audit device (if it was enabled) at: ${path}/`, terminal);
});
