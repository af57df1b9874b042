/** Answers with their envelope, as `vault` prints what it reads, writes and is given by a login. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { durationText, looksLikeDuration } from './duration-text.ts';
import { elements, isNothing, member, members, objectNode, textOf } from './json-node.ts';
import { type Format, printField, printRows, printTree, type Row } from './print.ts';
import type { Terminal } from './terminal.ts';

/** How an answer is wanted. */
export interface Wanted {
  readonly flags: { readonly field?: string };
  readonly format: Format;
  readonly terminal: Terminal;
}

/** Prints an answer: one field of it, all of it as JSON or YAML, or the table of its lease, token and data. Warnings go to standard error. */
export function printAnswer(body: JsonNode | undefined, { flags: { field }, format, terminal }: Wanted): void {
  printWarnings(body, terminal);
  if (field !== undefined) printField(fieldsOf(body), field, format, terminal);
  else if (format !== 'table') printTree(body ?? objectNode([]), format, terminal);
  else printRows([...leaseRows(body), ...tokenRows(member(body, 'auth')), ...dataRows(member(body, 'data'))], terminal);
}

/** Prints the warnings of an answer, if there are any. */
export function printWarnings(body: JsonNode | undefined, terminal: Terminal): void {
  const warnings = elements(member(body, 'warnings')).map((warning) => `  * ${textOf(warning)}\n`);
  if (warnings.length > 0) terminal.err(`WARNING! The following warnings were returned from the server:\n\n${warnings.join('')}\n`);
}

/** Rows of an object, in order of their names; what is a time in seconds reads as `1h30m`. */
export function dataRows(data: JsonNode | undefined): readonly Row[] {
  return [...members(data)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, looksLikeDuration(name) ? durationText(textOf(value)) : textOf(value)]);
}

function leaseRows(body: JsonNode | undefined): readonly Row[] {
  const seconds = textOf(member(body, 'lease_duration'));
  const id = textOf(member(body, 'lease_id'));
  if (id !== '' && id !== '<nil>')
    return [
      ['lease_id', id],
      ['lease_duration', durationText(seconds)],
      ['lease_renewable', textOf(member(body, 'renewable'))],
    ];
  // Nothing has to be given back: the time says when to look again.
  return /^[1-9]/.test(seconds) ? [['refresh_interval', durationText(seconds)]] : [];
}

function tokenRows(auth: JsonNode | undefined): readonly Row[] {
  if (isNothing(auth)) return [];
  const seconds = textOf(member(auth, 'lease_duration'));
  const quoted = (name: string): string =>
    `[${elements(member(auth, name))
      .map((policy) => JSON.stringify(textOf(policy)))
      .join(' ')}]`;
  return [
    ['token', textOf(member(auth, 'client_token'))],
    ['token_accessor', textOf(member(auth, 'accessor'))],
    ['token_duration', seconds === '0' ? '∞' : durationText(seconds)],
    ['token_renewable', textOf(member(auth, 'renewable'))],
    ['token_policies', quoted(isNothing(member(auth, 'token_policies')) ? 'policies' : 'token_policies')],
    ['identity_policies', quoted('identity_policies')],
    ['policies', quoted('policies')],
    ...members(member(auth, 'metadata')).map(([name, value]): Row => [`token_meta_${name}`, textOf(value)]),
  ];
}

/** What `-field` can name: parts of the token first, then the data, then the envelope. */
function fieldsOf(body: JsonNode | undefined): JsonNode {
  const [auth, data] = [member(body, 'auth'), member(body, 'data')];
  const token = members(auth).flatMap(([name, value]): readonly (readonly [string, JsonNode])[] => [
    [name, value],
    [name === 'client_token' ? 'token' : `token_${name === 'lease_duration' ? 'duration' : name}`, value],
  ]);
  return objectNode([...members(body), ...members(data), ...token]);
}
