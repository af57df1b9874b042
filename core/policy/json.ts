/** Reads JSON without losing anything: numbers stay as written, a duplicate key is an error. */
import { Cursor, hexEscape, syntaxDepthMax, type Member, type Node } from './syntax.ts';

const space = /[ \t\r]+/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// Everything but the quote, the backslash and control characters.
// oxlint-disable-next-line no-control-regex
const plain = /[^"\\\u0000-\u001f]+/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Reads one JSON value that is the whole text.
 * @throws StrongroomError `invalid` with the line, for anything RFC 8259 does not allow, duplicate keys, and more than `syntaxDepthMax` levels
 */
export function parseJson(text: string): Node {
  const cursor = new Cursor(text);
  const value = readValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.at < text.length) throw cursor.fail('something follows the end of the JSON value');
  return value;
}

function skipSpace(cursor: Cursor): void {
  while (cursor.match(space) !== undefined || cursor.peek() === '\n') if (cursor.peek() === '\n') cursor.next();
}

function readValue(cursor: Cursor, depth: number): Node {
  skipSpace(cursor);
  if (depth > syntaxDepthMax) throw cursor.fail(`nested deeper than ${syntaxDepthMax} levels`);
  const { line } = cursor;
  switch (cursor.peek()) {
    case '{':
      return { kind: 'object', members: readMembers(cursor, depth), line };
    case '[':
      return { kind: 'list', items: readItems(cursor, depth), line };
    case '"':
      return { kind: 'string', text: readString(cursor), line };
    default:
  }
  if (cursor.take('true')) return { kind: 'boolean', value: true, line };
  if (cursor.take('false')) return { kind: 'boolean', value: false, line };
  if (cursor.take('null')) return { kind: 'null', line };
  const lexeme = cursor.match(number);
  if (lexeme === undefined) throw cursor.fail('expected a JSON value');
  return { kind: 'number', lexeme, line };
}

function readItems(cursor: Cursor, depth: number): Node[] {
  cursor.next();
  const items: Node[] = [];
  skipSpace(cursor);
  if (cursor.take(']')) return items;
  for (;;) {
    items.push(readValue(cursor, depth + 1));
    skipSpace(cursor);
    if (cursor.take(']')) return items;
    if (!cursor.take(',')) throw cursor.fail('expected , or ]');
  }
}

function readMembers(cursor: Cursor, depth: number): Member[] {
  cursor.next();
  const members: Member[] = [];
  const seen = new Set<string>();
  skipSpace(cursor);
  if (cursor.take('}')) return members;
  for (;;) {
    skipSpace(cursor);
    const { line } = cursor;
    if (cursor.peek() !== '"') throw cursor.fail('expected a key in quotes');
    const name = readString(cursor);
    if (seen.has(name)) throw cursor.fail('the same key twice in one object');
    seen.add(name);
    skipSpace(cursor);
    if (!cursor.take(':')) throw cursor.fail('expected :');
    members.push({ name, value: readValue(cursor, depth + 1), line });
    skipSpace(cursor);
    if (cursor.take('}')) return members;
    if (!cursor.take(',')) throw cursor.fail('expected , or }');
  }
}

function readString(cursor: Cursor): string {
  cursor.next();
  const parts: string[] = [];
  for (;;) {
    const run = cursor.match(plain);
    if (run !== undefined) parts.push(run);
    if (cursor.take('"')) return parts.join('');
    if (!cursor.take('\\')) throw cursor.fail('a string that does not end, or holds a control character');
    const letter = cursor.peek();
    const simple = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
    if (simple !== undefined) {
      cursor.at++;
      parts.push(simple);
    } else if (cursor.take('u')) parts.push(String.fromCharCode(hexEscape(cursor, 4)));
    else throw cursor.fail('unknown escape in a string');
  }
}
