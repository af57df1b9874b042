/**
 * The part of HCL (version 1) that policies are written in: attributes, blocks with labels, lists, objects, heredocs, comments.
 *
 *     path "secret/data/+/x*" {            # block: a name, labels, a body
 *       capabilities = ["read", "list"]    // attribute
 *     }
 */
import { Cursor, hexEscape, syntaxDepthMax, type Member, type Node } from './syntax.ts';

const identifier = /[A-Za-z_][A-Za-z0-9_.-]*/y;
const space = /[ \t\r]+/y;
const lineRest = /[^\n]*/y;
const number = /-?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;
const plain = /[^"\\\n]+/y;
const heredocStart = /<<-?[A-Za-z_][A-Za-z0-9_]*\r?(?=\n)/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * Reads a whole HCL text into its top-level members; a block `a "b" { … }` becomes the member `a` holding an object with the member `b`.
 * A name may occur several times.
 * @throws StrongroomError `invalid` with the line
 */
export function parseHcl(text: string): readonly Member[] {
  const cursor = new Cursor(text);
  const members = readMembers(cursor, 0);
  if (cursor.at < text.length) throw cursor.fail('expected a name');
  return members;
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    cursor.match(space);
    if (cursor.peek() === '\n') cursor.next();
    else if (cursor.peek() === '#' || (cursor.peek() === '/' && cursor.peek(1) === '/')) cursor.match(lineRest);
    else if (cursor.take('/*')) skipComment(cursor);
    else return;
  }
}

function skipComment(cursor: Cursor): void {
  const end = cursor.text.indexOf('*/', cursor.at);
  if (end < 0) throw cursor.fail('a comment that does not end');
  while (cursor.at < end) cursor.next();
  cursor.at += 2;
}

/** Members up to the end of the text or a closing brace, which is left in place. */
function readMembers(cursor: Cursor, depth: number): Member[] {
  if (depth > syntaxDepthMax) throw cursor.fail(`nested deeper than ${syntaxDepthMax} levels`);
  const members: Member[] = [];
  for (;;) {
    skipSpace(cursor);
    if (cursor.at >= cursor.text.length || cursor.peek() === '}') return members;
    members.push(readMember(cursor, depth));
    skipSpace(cursor);
    cursor.take(',');
  }
}

function readMember(cursor: Cursor, depth: number): Member {
  const { line } = cursor;
  const names = [readName(cursor)];
  for (;;) {
    skipSpace(cursor);
    if (cursor.take('=')) {
      if (names.length > 1) throw cursor.fail('a labelled block takes { and not =');
      return nest(names, readValue(cursor, depth + 1), line);
    }
    if (cursor.peek() === '{') return nest(names, readObject(cursor, depth + 1), line);
    if (names.length > syntaxDepthMax) throw cursor.fail('too many labels');
    names.push(readName(cursor));
  }
}

function nest(names: readonly string[], value: Node, line: number): Member {
  const inner = names.slice(1).reduceRight<Node>((held, name) => ({ kind: 'object', members: [{ name, value: held, line }], line }), value);
  return { name: names[0] ?? '', value: inner, line };
}

function readName(cursor: Cursor): string {
  if (cursor.peek() === '"') return readString(cursor);
  const name = cursor.match(identifier);
  if (name === undefined) throw cursor.fail('expected a name, = or {');
  return name;
}

function readObject(cursor: Cursor, depth: number): Node {
  const { line } = cursor;
  cursor.next();
  const members = readMembers(cursor, depth);
  if (!cursor.take('}')) throw cursor.fail('expected }');
  return { kind: 'object', members, line };
}

function readValue(cursor: Cursor, depth: number): Node {
  if (depth > syntaxDepthMax) throw cursor.fail(`nested deeper than ${syntaxDepthMax} levels`);
  skipSpace(cursor);
  const { line } = cursor;
  switch (cursor.peek()) {
    case '{':
      return readObject(cursor, depth);
    case '[':
      return { kind: 'list', items: readItems(cursor, depth), line };
    case '"':
      return { kind: 'string', text: readString(cursor), line };
    case '<':
      return { kind: 'string', text: readHeredoc(cursor), line };
    default:
  }
  const lexeme = cursor.match(number);
  if (lexeme !== undefined) return { kind: 'number', lexeme, line };
  const word = cursor.match(identifier);
  if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true', line };
  throw cursor.fail('expected a value');
}

function readItems(cursor: Cursor, depth: number): Node[] {
  cursor.next();
  const items: Node[] = [];
  for (;;) {
    skipSpace(cursor);
    if (cursor.take(']')) return items;
    items.push(readValue(cursor, depth + 1));
    skipSpace(cursor);
    if (cursor.take(']')) return items;
    if (!cursor.take(',')) throw cursor.fail('expected , or ]');
  }
}

function readString(cursor: Cursor): string {
  cursor.next();
  const parts: string[] = [];
  for (;;) {
    const run = cursor.match(plain);
    if (run !== undefined) parts.push(run);
    if (cursor.take('"')) return parts.join('');
    if (!cursor.take('\\')) throw cursor.fail('a string that does not end on its line');
    parts.push(readEscape(cursor));
  }
}

function readEscape(cursor: Cursor): string {
  const letter = cursor.peek();
  const simple = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
  if (simple !== undefined) {
    cursor.at++;
    return simple;
  }
  const octal = cursor.match(/[0-3][0-7]{2}/y);
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  if (cursor.take('x')) return String.fromCharCode(hexEscape(cursor, 2));
  if (cursor.take('u')) return String.fromCharCode(hexEscape(cursor, 4));
  if (cursor.take('U')) {
    const point = hexEscape(cursor, 8);
    if (point > 0x10_ff_ff) throw cursor.fail('an escape beyond the last code point');
    return String.fromCodePoint(point);
  }
  throw cursor.fail('unknown escape in a string');
}

/** `<<END` keeps the lines as they are; `<<-END` takes the closing line's indentation off lines that all have it. */
function readHeredoc(cursor: Cursor): string {
  const start = cursor.match(heredocStart);
  if (start === undefined) throw cursor.fail('a heredoc starts with << or <<- and a name that ends its line');
  const indented = start.startsWith('<<-');
  const name = start.slice(indented ? 3 : 2).trimEnd();
  cursor.next();
  const lines: string[] = [];
  for (;;) {
    if (cursor.at >= cursor.text.length) throw cursor.fail('a heredoc that does not end');
    const text = cursor.match(lineRest) ?? '';
    if (text.trim() === name) return joinHeredoc(lines, indented ? text.slice(0, text.indexOf(name)) : '');
    lines.push(`${text}\n`);
    if (cursor.peek() === '\n') cursor.next();
  }
}

function joinHeredoc(lines: readonly string[], indentation: string): string {
  const unindent = indentation !== '' && lines.every((line) => line.startsWith(indentation));
  return (unindent ? lines.map((line) => line.slice(indentation.length)) : lines).join('');
}
