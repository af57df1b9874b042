/**
 * User JSON as a small tree that loses nothing: scalars keep their text, members sit in a Map (so that `__proto__` and the empty
 * key are keys like others), of duplicate members the last one counts.
 *
 * @source RFC 8259
 */
import { PluginError } from './errors.ts';

/** One value: a scalar as it was written (`1.0`, `"a\u0062"`, `null`), an array, or an object. */
export type JsonNode =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> };

/** The deepest nesting of arrays and objects that `parseJson` follows. */
export const jsonDepthMax = 512;

const numberOrWord = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const space = /[ \t\n\r]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Parses JSON text.
 * @throws PluginError `invalid` for text that is not JSON or is nested deeper than `jsonDepthMax`; quotes nothing of it
 */
export function parseJson(text: string): JsonNode {
  const parser = new Parser(text);
  const node = parser.value(0);
  parser.end();
  return node;
}

/** Prints a tree without spaces; scalars as they were written. */
export function printJson(node: JsonNode): string {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'array') return `[${node.items.map(printJson).join(',')}]`;
  return `{${[...node.members].map(([name, value]) => `${JSON.stringify(name)}:${printJson(value)}`).join(',')}}`;
}

/** Tells JSON's null from everything else. */
export function isJsonNull(node: JsonNode): boolean {
  return node.kind === 'scalar' && node.text === 'null';
}

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): JsonNode {
    this.skipSpace();
    switch (this.text[this.at]) {
      case '{':
        return { kind: 'object', members: this.members(depth + 1) };
      case '[':
        return { kind: 'array', items: this.items(depth + 1) };
      case '"':
        return { kind: 'scalar', text: this.string() };
      case undefined:
      default:
        return { kind: 'scalar', text: this.take(numberOrWord) };
    }
  }

  end(): void {
    this.skipSpace();
    if (this.at !== this.text.length) throw malformed();
  }

  private members(depth: number): ReadonlyMap<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    this.open(depth);
    if (this.next('}')) return members;
    do {
      this.skipSpace();
      const name: unknown = JSON.parse(this.string());
      if (!this.next(':')) throw malformed();
      members.set(String(name), this.value(depth));
    } while (this.next(','));
    if (!this.next('}')) throw malformed();
    return members;
  }

  private items(depth: number): readonly JsonNode[] {
    const items: JsonNode[] = [];
    this.open(depth);
    if (this.next(']')) return items;
    do items.push(this.value(depth));
    while (this.next(','));
    if (!this.next(']')) throw malformed();
    return items;
  }

  private open(depth: number): void {
    if (depth > jsonDepthMax) throw new PluginError('invalid', `JSON is nested deeper than ${jsonDepthMax} levels`);
    this.at += 1;
  }

  /** A string with its quotes. A loop, not one expression: long strings would exhaust the stack of some engines' matchers. */
  private string(): string {
    const start = this.at;
    if (this.text[this.at] !== '"') throw malformed();
    this.at += 1;
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit === 0x22) break;
      if (unit === 0x5c) this.take(escape);
      else if (unit >= 0x20) this.at += 1;
      else throw malformed(); // a control character, or NaN at the end of the text
    }
    this.at += 1;
    return this.text.slice(start, this.at);
  }

  private next(token: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== token) return false;
    this.at += 1;
    return true;
  }

  private skipSpace(): void {
    space.lastIndex = this.at;
    space.test(this.text);
    this.at = space.lastIndex;
  }

  private take(token: RegExp): string {
    token.lastIndex = this.at;
    const found = token.exec(this.text)?.[0];
    if (found === undefined) throw malformed();
    this.at += found.length;
    return found;
  }
}

function malformed(): PluginError {
  return new PluginError('invalid', 'malformed JSON');
}
