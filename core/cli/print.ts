/** Answers on the screen: tables as `vault` draws them, JSON and YAML with numbers as they were received. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { member, members, textOf } from './json-node.ts';
import { UsageError, type Terminal } from './terminal.ts';

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

/** Prints a tree as JSON or YAML. */
export function printTree(node: JsonNode, format: 'json' | 'yaml', terminal: Terminal): void {
  terminal.out(format === 'json' ? `${prettyJson(node, '')}\n` : `${yaml(node, '').replace(/^\n/, '')}\n`);
}

/** Prints one field bare; with a newline only for a reader. @throws UsageError when it is not there */
export function printField(node: JsonNode | undefined, field: string, terminal: Terminal): void {
  const value = member(node, field);
  if (!value) throw new UsageError(`Field "${field}" not present in secret`);
  const text = value.kind === 'scalar' ? textOf(value) : prettyJson(value, '');
  terminal.out(terminal.interactive ? `${text}\n` : text);
}

/** Prints rows of name and value in their order; an empty value shows as `n/a`. */
export function printRows(rows: readonly (readonly [string, string])[], terminal: Terminal): void {
  const width = Math.max(3, ...rows.map(([name]) => name.length)) + 4;
  const lines: readonly (readonly [string, string])[] = [['Key', 'Value'], ['---', '-----'], ...rows];
  terminal.out(lines.map(([name, value]) => `${name.padEnd(width)}${value === '' ? 'n/a' : value}\n`).join(''));
}

/** Prints an object as a table under a title. */
export function printBlock(title: string, node: JsonNode | undefined, terminal: Terminal): void {
  titledRows(title, sortedRows(node), terminal);
}

/** Prints rows as a table under a title as wide as they are. */
export function titledRows(title: string, rows: readonly (readonly [string, string])[], terminal: Terminal): void {
  terminal.out(`${titleLine(title, Math.max(0, ...rows.map(([name]) => name.length)) + 9)}\n`);
  printRows(rows, terminal);
}

/** Prints a path under a title, and an empty line. */
export function printPath(title: string, path: string, terminal: Terminal): void {
  terminal.out(`${titleLine(title, path.length)}\n${path}\n\n`);
}

/** The members of an object as rows of a table, in order of their names. */
export function sortedRows(node: JsonNode | undefined): readonly (readonly [string, string])[] {
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
