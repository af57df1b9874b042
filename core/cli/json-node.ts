/** Ways into an answer's tree; what is not there is undefined or empty. */
import { isJsonNull, type JsonNode } from '@strongroom/sdk-plugin';

/** The value under names, one inside the other. */
export function member(node: JsonNode | undefined, ...names: readonly string[]): JsonNode | undefined {
  return names.reduce<JsonNode | undefined>((at, name) => (at?.kind === 'object' ? at.members.get(name) : undefined), node);
}

/** The members of an object, in order. */
export function members(node: JsonNode | undefined): readonly (readonly [string, JsonNode])[] {
  return node?.kind === 'object' ? [...node.members] : [];
}

/** The items of a list. */
export function elements(node: JsonNode | undefined): readonly JsonNode[] {
  return node?.kind === 'array' ? node.items : [];
}

/** Tells absent and null from everything else. */
export function isNothing(node: JsonNode | undefined): node is undefined {
  return node === undefined || isJsonNull(node);
}

/**
 * Prints a value as Go prints it into a table: texts without quotes, numbers as they were received, `map[a:1 b:2]`, `[x y]`, `<nil>`.
 */
export function textOf(node: JsonNode | undefined): string {
  if (node === undefined || isJsonNull(node)) return '<nil>';
  if (node.kind === 'array') return `[${node.items.map(textOf).join(' ')}]`;
  if (node.kind === 'object') {
    const sorted = [...node.members].sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${sorted.map(([name, value]) => `${name}:${textOf(value)}`).join(' ')}]`;
  }
  return node.text.startsWith('"') ? String(JSON.parse(node.text)) : node.text;
}

/** Makes a node of text. */
export function textNode(text: string): JsonNode {
  return { kind: 'scalar', text: JSON.stringify(text) };
}

/** Makes an object. */
export function objectNode(entries: Iterable<readonly [string, JsonNode]>): JsonNode {
  return { kind: 'object', members: new Map(entries) };
}
