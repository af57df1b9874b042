/** `operator members` and `operator step-down`. */
import type { Command } from './command.ts';
import { elements, isNothing, member, textOf } from './json-node.ts';
import { printColumns, printSuccess, printTree } from './print.ts';
import { clientCommand } from './session.ts';

const columns = [
  ['Host Name', 'hostname'],
  ['API Address', 'api_address'],
  ['Cluster Address', 'cluster_address'],
  ['Active Node', 'active_node'],
  ['Version', 'version'],
  ['Last Echo', 'last_echo'],
] as const;

/** Lists the nodes of the cluster. */
export const operatorMembers: Command = clientCommand({}, async ({ format, terminal, call }) => {
  const data = member((await call({ method: 'GET', path: 'sys/ha-status' })).body, 'data');
  if (format !== 'table' && data) printTree(data, format, terminal);
  else
    printColumns(
      columns.map(([title]) => title),
      elements(member(data, 'nodes')).map((node) =>
        columns.map(([, name]) => (isNothing(member(node, name)) ? '' : textOf(member(node, name)))),
      ),
      terminal,
    );
  return 0;
});

/** Has the active node give up its place. */
export const operatorStepDown: Command = clientCommand({}, async ({ terminal, call }) => {
  await call({ method: 'PUT', path: 'sys/step-down' });
  return printSuccess('Stepped down', terminal);
});
