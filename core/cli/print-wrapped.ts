/** What is shown of the wrapping token that an answer is in (`-wrap-ttl`). */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { durationText } from './duration-text.ts';
import { member, members, objectNode, textOf } from './json-node.ts';
import type { Wanted } from './print-answer.ts';
import { printField, printRows, printTree } from './print.ts';
import type { ExitCode } from './terminal.ts';

/** Names that the answer gives, and those that `-field` and (with a colon) tables have for them. */
const names: Readonly<Record<string, string>> = {
  token: 'wrapping_token',
  accessor: 'wrapping_accessor',
  ttl: 'wrapping_token_ttl',
  creation_time: 'wrapping_token_creation_time',
  creation_path: 'wrapping_token_creation_path',
  wrapped_accessor: 'wrapped_accessor',
};

/** Prints the token that an answer is in, in place of what the command would have printed. */
export function printWrapped(body: JsonNode, { flags: { field }, format, terminal }: Wanted): ExitCode {
  const info = objectNode(members(member(body, 'wrap_info')).map(([name, value]) => [names[name] ?? name, value]));
  if (field !== undefined) printField(info, field, format, terminal);
  else if (format !== 'table') printTree(body, format, terminal);
  else
    printRows(
      members(info).map(([name, value]) => [`${name}:`, name === 'wrapping_token_ttl' ? durationText(textOf(value)) : textOf(value)]),
      terminal,
    );
  return 0;
}
