/** `status`, and the table that unsealing prints too. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import type { Command } from './command.ts';
import { isNothing, member, textOf } from './json-node.ts';
import { printField, printRows, printTree, type Format } from './print.ts';
import { clientCommand } from './session.ts';
import type { ExitCode, Terminal } from './terminal.ts';

/** Prints the state of the seal. Exit code 0 when unsealed, 2 when sealed, 1 when there is no answer. */
export const status: Command = clientCommand({}, async ({ flags, format, terminal, call }): Promise<ExitCode> => {
  let body: JsonNode | undefined;
  try {
    ({ body } = await call({ method: 'GET', path: 'sys/seal-status' }));
  } catch (error) {
    terminal.err(`Error checking seal status: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  printSealStatus(body, format, flags.field, terminal);
  return textOf(member(body, 'sealed')) === 'true' ? 2 : 0;
});

/** Prints the answer of `sys/seal-status` and `sys/unseal`. */
export function printSealStatus(body: JsonNode | undefined, format: Format, field: string | undefined, terminal: Terminal): void {
  if (!body) return;
  if (field !== undefined) return printField(body, field, format, terminal);
  if (format !== 'table') return printTree(body, format, terminal);
  const sealed = textOf(member(body, 'sealed')) === 'true';
  const unsealing = sealed && textOf(member(body, 'progress')) !== '0';
  const rows: readonly (readonly [string, JsonNode | undefined])[] = [
    ['Seal Type', member(body, 'type')],
    ['Initialized', member(body, 'initialized')],
    ['Sealed', member(body, 'sealed')],
    ['Total Shares', member(body, 'n')],
    ['Threshold', member(body, 't')],
    ['Unseal Nonce', sealed ? member(body, 'nonce') : undefined],
    ['Version', member(body, 'version')],
    ['Build Date', member(body, 'build_date')],
    ['Storage Type', member(body, 'storage_type')],
    ['Cluster Name', member(body, 'cluster_name')],
    ['Cluster ID', member(body, 'cluster_id')],
  ];
  const shown = rows.flatMap(([name, value]) => (isNothing(value) ? [] : [[name, textOf(value)] as const]));
  const progress = ['Unseal Progress', `${textOf(member(body, 'progress'))}/${textOf(member(body, 't'))}`] as const;
  printRows(unsealing ? shown.toSpliced(5, 0, progress) : shown.filter(([name]) => name !== 'Unseal Nonce'), terminal);
}
