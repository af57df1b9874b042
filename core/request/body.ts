/** Station 3: the body, read within its bound and parsed without losing what the user wrote. */
import { isUtf8 } from 'node:buffer';
import { StrongroomError } from '../errors.ts';
import type { RawInput } from '@strongroom/sdk-plugin/hosting';
import { type JsonLimits, type JsonScan, scanJson } from './json-scan.ts';

/** A parsed body. An absent one has no fields. */
export interface Body extends RawInput {
  /** JSON text as it was sent (a form as the JSON that stands for it); undefined for none. What the audit sees. */
  readonly json: string | undefined;
  /** Top-level fields, for parameter rules of policies. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whether some object, at any depth, names a key twice. */
  readonly duplicateKeys: boolean;
}

/** The body of a request without one. */
export const noBody: Body = { json: undefined, fields: {}, duplicateKeys: false, value: () => undefined, text: () => undefined };

/**
 * Parses a body.
 * @param contentType the header, or undefined: then it is JSON
 * @throws StrongroomError `invalid` for what is not a JSON object in UTF-8 (never quoting it), `too-large` over the limits
 */
export function parseBody(bytes: Buffer, contentType: string | undefined, limits: JsonLimits): Body {
  if (bytes.length === 0) return noBody;
  if (!isUtf8(bytes)) throw new StrongroomError('invalid', 'request body: not valid UTF-8');
  // curl -d says "form" of the JSON that it sends, so the first character decides.
  if (
    contentType !== undefined &&
    /^application\/x-www-form-urlencoded\b/i.test(contentType) &&
    !/^\s*\{/.test(bytes.toString('latin1', 0, 64))
  )
    return parseForm(bytes.toString('utf8'), limits);
  const scan = scanJson(bytes, limits);
  const text = bytes.toString('utf8');
  const fields = parseObject(text);
  return jsonBody(text, fields, scan, bytes);
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the input.
    throw new StrongroomError('invalid', 'error parsing JSON');
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new StrongroomError('invalid', 'request body: expected a JSON object');
  return value as Record<string, unknown>;
}

function jsonBody(text: string, fields: Record<string, unknown>, scan: JsonScan, bytes: Buffer): Body {
  return {
    json: text,
    fields,
    get duplicateKeys() {
      return countKeys(fields) !== scan.keys;
    },
    value: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined),
    text: (name) => {
      if (!Object.hasOwn(fields, name)) return undefined;
      const found = scan.members.findLast(({ keyStart, keyEnd }) => JSON.parse(bytes.toString('utf8', keyStart, keyEnd)) === name);
      return found === undefined ? undefined : bytes.toString('utf8', found.start, found.end).trim();
    },
  };
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const items = Object.values(value);
  let keys = Array.isArray(value) ? 0 : items.length;
  for (const item of items) keys += countKeys(item);
  return keys;
}

function parseForm(text: string, limits: JsonLimits): Body {
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let duplicateKeys = false;
  const pairs = text.split('&', limits.tokensMax + 1);
  if (pairs.length > limits.tokensMax) throw new StrongroomError('too-large', `request body: more than ${limits.tokensMax} form fields`);
  for (const pair of pairs) {
    if (pair === '') continue;
    const end = pair.includes('=') ? pair.indexOf('=') : pair.length;
    const [name, value] = [formText(pair.slice(0, end)), formText(pair.slice(end + 1))];
    duplicateKeys ||= Object.hasOwn(fields, name);
    fields[name] = value;
  }
  return {
    json: JSON.stringify(fields),
    fields,
    duplicateKeys,
    value: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined),
    text: (name) => (Object.hasOwn(fields, name) ? JSON.stringify(fields[name]) : undefined),
  };
}

/** Not `URLSearchParams`: it repairs what is malformed, and something else would be stored than was sent. */
function formText(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    throw new StrongroomError('invalid', 'request body: a form field is not UTF-8 in percent-encoding');
  }
}
