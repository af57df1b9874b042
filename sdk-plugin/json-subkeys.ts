/** The shape of user JSON without its values. */
import { OpaqueJson } from './json.ts';
import { parseJson, printJson, type JsonNode } from './json-tree.ts';

const leaf: JsonNode = { kind: 'scalar', text: 'null' };

/**
 * Replaces every leaf by null: scalars, arrays and empty objects, and at `depth` levels of keys (0: no limit) objects too.
 * @throws PluginError `invalid` for malformed or too deep JSON
 */
export function subkeys(value: OpaqueJson, depth = 0): OpaqueJson {
  return new OpaqueJson(printJson(strip(parseJson(value.text), depth === 0 ? Number.POSITIVE_INFINITY : depth)));
}

function strip(node: JsonNode, depth: number): JsonNode {
  if (node.kind !== 'object' || node.members.size === 0 || depth === 0) return leaf;
  return { kind: 'object', members: new Map([...node.members].map(([name, value]) => [name, strip(value, depth - 1)])) };
}
