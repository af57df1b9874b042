/** Reads the data of a write from arguments: `key=value`, `key=@file`, `key=-`, `@file` (JSON) and `-` (JSON on standard input). */
import { parseJson, type JsonNode } from '@strongroom/sdk-plugin';
import { members, objectNode, textNode } from './json-node.ts';
import { UsageError, type Terminal } from './terminal.ts';

/**
 * Gives an object. A key that comes again makes a list; JSON replaces what came before, and keeps its numbers as they are written. `\@` at the start of a value is an `@`.
 * @throws UsageError for no data, arguments without `=`, JSON that is no object, and a second use of standard input
 */
export async function kvData(args: readonly string[], terminal: Terminal): Promise<JsonNode> {
  if (args.length === 0) throw new UsageError('Must supply data');
  const data = new Map<string, JsonNode>();
  let stdin = 0;
  for (const arg of args) {
    const equals = arg.indexOf('=');
    const source = equals < 0 ? arg : arg.slice(equals + 1);
    if (source === '-' && (stdin += 1) > 1) throw new UsageError('Failed to parse K=V data: standard input can be read only once');
    if (equals >= 0) {
      const name = arg.slice(0, equals);
      data.set(name, withMore(data.get(name), textNode(await textOfSource(source, terminal))));
    } else if (source === '-' || source.startsWith('@'))
      for (const [name, value] of objectOf(await textOfSource(source, terminal))) data.set(name, value);
    else throw new UsageError('Failed to parse K=V data: format must be key=value');
  }
  return objectNode(data);
}

function withMore(before: JsonNode | undefined, value: JsonNode): JsonNode {
  if (before === undefined) return value;
  return { kind: 'array', items: [...(before.kind === 'array' ? before.items : [before]), value] };
}

async function textOfSource(source: string, terminal: Terminal): Promise<string> {
  if (source === '-') return terminal.readStdin();
  if (source.startsWith('\\@')) return source.slice(1);
  if (!source.startsWith('@')) return source;
  try {
    return terminal.readFile(source.slice(1));
  } catch {
    throw new UsageError('Failed to parse K=V data: cannot read the file');
  }
}

function objectOf(text: string): readonly (readonly [string, JsonNode])[] {
  const node = parseObject(text);
  if (node?.kind !== 'object') throw new UsageError('Failed to parse K=V data: the JSON must be an object');
  return members(node);
}

function parseObject(text: string): JsonNode | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
