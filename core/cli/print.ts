/** Answers on the screen: tables as `vault` draws them, JSON and YAML with numbers as they were received. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { elements, member, members, objectNode, textOf } from './json-node.ts';
import { visibleText } from './visible-text.ts';
import { UsageError, type Terminal } from './terminal.ts';

/** A name and a value. */
export type Row = readonly [string, string];

/** How answers are printed. */
export type Format = 'table' | 'json' | 'yaml';

/**
 * Reads `-format`, then `VAULT_FORMAT`; a table otherwise.
 * @throws UsageError for a format that does not exist
 */
export function formatOf(flag: string | undefined, terminal: Terminal): Format {
  const format = (flag ?? (terminal.env['VAULT_FORMAT'] || 'table')).toLowerCase();
  if (format === 'yml') return 'yaml';
  if (format !== 'table' && format !== 'json' && format !== 'yaml') throw new UsageError('invalid output format: use table, json or yaml');
  return format;
}

/** Tells whether the answer is wanted as it comes, `-format=raw`. */
export function wantsRaw(flag: string | undefined, terminal: Terminal): boolean {
  return (flag ?? terminal.env['VAULT_FORMAT'] ?? '').toLowerCase() === 'raw';
}

/** Prints an answer as it came, with a newline only for a reader. */
export function printRaw(text: string, terminal: Terminal): void {
  terminal.out(terminal.interactive && !text.endsWith('\n') ? `${text}\n` : text);
}

/** Prints a tree as JSON or YAML. */
export function printTree(node: JsonNode, format: 'json' | 'yaml', terminal: Terminal): void {
  // The envelope keeps its order in JSON, as readers know it.
  const shown =
    format === 'json' && node.kind === 'object' ? objectNode(members(node).map(([name, value]) => [name, inOrder(value)])) : inOrder(node);
  terminal.out(format === 'json' ? `${prettyJson(shown, '')}\n` : `${yaml(shown, '').replace(/^\n/, '')}\n`);
}

/** The same with the members of every object in order of their names, so that two answers can be compared line by line. */
function inOrder(node: JsonNode): JsonNode {
  if (node.kind === 'array') return { kind: 'array', items: node.items.map(inOrder) };
  if (node.kind === 'scalar') return node;
  return objectNode([...node.members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, inOrder(value)]));
}

/** Prints one field bare; with a newline only for a reader. @throws UsageError when it is not there */
export function printField(node: JsonNode | undefined, field: string, format: Format, terminal: Terminal): void {
  const value = member(node, field);
  if (!value) throw new UsageError(`Field "${field}" not present in secret`);
  if (format !== 'table') return printTree(value, format, terminal);
  const text = value.kind === 'scalar' ? textOf(value) : prettyJson(value, '');
  terminal.out(terminal.interactive ? `${text}\n` : text);
}

/** Prints rows of name and value in their order; an empty value shows as `n/a`. */
export function printRows(rows: readonly Row[], terminal: Terminal): void {
  printColumns(['Key', 'Value'], rows, terminal);
}

/** Prints rows of columns under their titles, each as wide as its longest cell; an empty cell shows as `n/a`. Only a value beside its name keeps its line breaks. */
export function printColumns(titles: readonly string[], rows: readonly (readonly string[])[], terminal: Terminal): void {
  const lines = [titles, titles.map((title) => '-'.repeat(title.length)), ...rows].map((row) =>
    row.map((cell, column) =>
      cell === '' ? 'n/a' : visibleText(titles.length === 2 && column === 1 ? cell : cell.trim().replaceAll(/\s+/g, ' ')),
    ),
  );
  const widths = titles.map((_, column) => lines.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0) + 4);
  const last = titles.length - 1;
  terminal.out(
    lines.map((row) => `${row.map((cell, column) => (column === last ? cell : cell.padEnd(widths[column] ?? 0))).join('')}\n`).join(''),
  );
}

/** Prints names under the title `Keys`, or as a list. */
export function printNames(names: JsonNode, format: Format, terminal: Terminal): void {
  if (format !== 'table') printTree(names, format, terminal);
  else
    printColumns(
      ['Keys'],
      elements(names).map((name) => [textOf(name)]),
      terminal,
    );
}

/** Says what was done. */
export function printSuccess(what: string, terminal: Terminal): 0 {
  terminal.out(`Success! ${what}\n`);
  return 0;
}

/** Prints an object as a table under a title. */
export function printBlock(title: string, node: JsonNode | undefined, terminal: Terminal): void {
  titledRows(title, sortedRows(node), terminal);
}

/** Prints rows as a table under a title as wide as they are. */
export function titledRows(title: string, rows: readonly Row[], terminal: Terminal): void {
  terminal.out(`${titleLine(title, Math.max(0, ...rows.map(([name]) => name.length)) + 9)}\n`);
  printRows(rows, terminal);
}

/** Prints a path under a title, and an empty line. */
export function printPath(title: string, path: string, terminal: Terminal): void {
  terminal.out(`${titleLine(title, path.length)}\n${path}\n\n`);
}

/** The members of an object as rows of a table, in order of their names. */
export function sortedRows(node: JsonNode | undefined): readonly Row[] {
  return [...members(node)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, textOf(value)]);
}

function titleLine(title: string, width: number): string {
  const room = width - (title.length + 2);
  const signs = '='.repeat(Math.ceil((room <= 0 ? 4 : room) / 2));
  return `${signs} ${title} ${signs}`;
}

function prettyJson(node: JsonNode, indent: string): string {
  const deeper = `${indent}  `;
  if (node.kind === 'scalar') return node.text;
  const parts =
    node.kind === 'array'
      ? node.items.map((item) => prettyJson(item, deeper))
      : [...node.members].map(([name, value]) => `${JSON.stringify(name)}: ${prettyJson(value, deeper)}`);
  const [open, close] = node.kind === 'array' ? '[]' : '{}';
  return parts.length === 0 ? `${open}${close}` : `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}

/** Names that need no quotes: those that YAML takes for text. */
const plainName = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_][A-Za-z0-9_-]*$/i;

/** A block under a name begins on a new line; JSON's scalars are YAML too. */
function yaml(node: JsonNode, indent: string): string {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'array') {
    return node.items.length === 0
      ? '[]'
      : node.items.map((item) => `\n${indent}- ${yaml(item, `${indent}  `).replace(/^\n */, '')}`).join('');
  }
  if (node.members.size === 0) return '{}';
  return [...node.members]
    .map(([name, value]) => {
      const text = yaml(value, value.kind === 'array' ? indent : `${indent}  `);
      return `\n${indent}${plainName.test(name) ? name : JSON.stringify(name)}:${text.startsWith('\n') ? '' : ' '}${text}`;
    })
    .join('');
}
