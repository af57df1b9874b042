/**
 * The one canonicaliser. The string it answers routes, authorizes and stores; what is not canonical is refused, never repaired.
 * A trailing slash is no part of the path: it asks for a listing where the verb allows one, and `x/` is `x` everywhere else.
 */
import { isUtf8 } from 'node:buffer';
import { StrongroomError } from '../errors.ts';

/** A request target, taken apart. */
export interface Target {
  /** Without a leading or trailing slash, percent-decoded: `v1/secret/data/x`. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

/** Characters that no path segment may hold once decoded: slashes, controls. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const forbidden = /[/\\\u0000-\u001f\u007f-\u009f]/;
const plain = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;

function refuse(what: string): never {
  throw new StrongroomError('invalid', `request path: ${what}`);
}

/** Decodes percent signs strictly into valid UTF-8. Node hands over raw bytes as Latin-1, so they count as bytes here. */
function decode(text: string, what: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) refuse(`${what} holds a malformed percent sign`);
  const bytes = Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  if (!isUtf8(bytes)) refuse(`${what} is not valid UTF-8`);
  return bytes.toString('utf8');
}

/**
 * Takes a request target (`/v1/…?…`) apart.
 * @param pathBytesMax bound of the path as sent, in bytes
 * @throws StrongroomError `invalid` for everything that is not canonical, `too-large` over the bound
 */
export function parseTarget(target: string, pathBytesMax: number): Target {
  if (!target.startsWith('/')) refuse('must start with a slash');
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  if (rawPath.length > pathBytesMax) throw new StrongroomError('too-large', `request path: longer than ${pathBytesMax} bytes`);
  const query = mark < 0 ? noQuery : parseQuery(target.slice(mark + 1));
  return { path: canonicalPath(rawPath.slice(1, rawPath.length > 1 && rawPath.endsWith('/') ? -1 : undefined)), query };
}

/** Canonical form of a path without leading and trailing slash. @throws StrongroomError `invalid` */
export function canonicalPath(raw: string): string {
  const segments = raw.split('/');
  if (plain.test(raw)) {
    for (const segment of segments) checkSegment(segment);
    return raw;
  }
  return segments
    .map((segment) => {
      const decoded = decode(segment, 'a segment');
      checkSegment(decoded);
      return decoded;
    })
    .join('/');
}

function checkSegment(segment: string): void {
  if (segment === '') refuse('holds an empty segment');
  if (segment === '.' || segment === '..') refuse('holds a dot segment');
  if (forbidden.test(segment)) refuse('holds a slash, backslash or control character in a segment');
}

const noQuery: ReadonlyMap<string, string> = new Map();

function parseQuery(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode((equals < 0 ? part : part.slice(0, equals)).replaceAll('+', ' '), 'the query');
    const value = equals < 0 ? '' : decode(part.slice(equals + 1).replaceAll('+', ' '), 'the query');
    if (query.has(name)) throw new StrongroomError('invalid', 'request query: a parameter occurs twice');
    query.set(name, value);
  }
  return query;
}
