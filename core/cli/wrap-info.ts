/** What is shown of the wrapping token that an answer is in (`-wrap-ttl`). */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { member, members, objectNode, textOf } from './json-node.ts';
import { type Format, printField, printRows, printTree } from './print.ts';
import type { ExitCode, Terminal } from './terminal.ts';

/** Names that the answer gives, and those that tables and `-field` have for them. */
const names: Readonly<Record<string, string>> = {
  token: 'wrapping_token',
  accessor: 'wrapping_accessor',
  ttl: 'wrapping_token_ttl',
  creation_time: 'wrapping_token_creation_time',
  creation_path: 'wrapping_token_creation_path',
  wrapped_accessor: 'wrapped_accessor',
};

/** Prints the token that an answer is in, in place of what the command would have printed. */
export function printWrapped(body: JsonNode, field: string | undefined, format: Format, terminal: Terminal): ExitCode {
  const info = objectNode(members(member(body, 'wrap_info')).map(([name, value]) => [names[name] ?? name, value]));
  if (field !== undefined) printField(info, field, terminal);
  else if (format !== 'table') printTree(body, format, terminal);
  else
    printRows(
      members(info).map(([name, value]) => [name, textOf(value)]),
      terminal,
    );
  return 0;
}
