/** Tokens as commands print them: whoever logged in, made or renewed one. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { elements, member, members, objectNode, textNode, textOf } from './json-node.ts';
import { type Format, printField, printRows, printTree } from './print.ts';
import type { Terminal } from './terminal.ts';

/** Prints the token of an answer: one field of it, all of the answer, or a table. Warnings go to standard error. */
export function printAuth(body: JsonNode | undefined, field: string | undefined, format: Format, terminal: Terminal): void {
  const auth = member(body, 'auth');
  printWarnings(body, terminal);
  if (field !== undefined)
    printField(objectNode([['token', member(auth, 'client_token') ?? textNode('')], ...members(auth)]), field, terminal);
  else if (format !== 'table') printTree(body ?? objectNode([]), format, terminal);
  else printRows(rows(auth), terminal);
}

/** Prints the warnings of an answer, if there are any. */
export function printWarnings(body: JsonNode | undefined, terminal: Terminal): void {
  const warnings = elements(member(body, 'warnings')).map((warning) => `  * ${textOf(warning)}\n`);
  if (warnings.length > 0) terminal.err(`WARNING! The following warnings were returned from the server:\n\n${warnings.join('')}\n`);
}

function rows(auth: JsonNode | undefined): readonly (readonly [string, string])[] {
  return [
    ['token', textOf(member(auth, 'client_token'))],
    ['token_accessor', textOf(member(auth, 'accessor'))],
    ['token_duration', `${textOf(member(auth, 'lease_duration'))}s`],
    ['token_renewable', textOf(member(auth, 'renewable'))],
    ['token_policies', `[${elements(member(auth, 'policies')).map(textOf).join(' ')}]`],
    ...members(member(auth, 'metadata')).map(([name, value]): readonly [string, string] => [`token_meta_${name}`, textOf(value)]),
  ];
}
