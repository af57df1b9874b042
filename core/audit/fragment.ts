/**
 * Turns user JSON into JSON whose leaves are HMACs, in one pass over the text. Keys, booleans and nulls stay; strings and numbers do not.
 * Never `JSON.parse` of the whole: numbers are hashed as they were written, and broken text is never quoted by an error.
 */
import { OpaqueJson, type Json } from '@strongroom/sdk-plugin';
import type { AuditHmac } from './hmac.ts';

/** Levels of lists and objects that are walked; what is deeper is hashed like a broken text, as a whole. */
export const fragmentDepthMax = 256;

/** Strings and numbers that are hashed one by one; a text with more is hashed as a whole. 65,536 take 40 ms and 5 MB of a line. */
export const fragmentLeavesMax = 65_536;

const noKeys: ReadonlySet<string> = new Set();

/**
 * Gives the fragment of a JSON text, on one line. Text that is not JSON becomes `{"http_raw_body":"hmac-…"}`.
 * @param clearKeys top-level keys whose values stay clear (a mount's `audit_non_hmac_request_keys` and `…_response_keys`)
 */
export function auditFragment(hmac: AuditHmac, text: string, clearKeys: ReadonlySet<string> = noKeys): string {
  try {
    return new Walk(hmac, text, clearKeys).document();
  } catch (error) {
    if (error instanceof Unreadable) return rawFragment(hmac, text);
    throw error;
  }
}

/** Gives the fragment of a value that the host itself made. */
export function auditValueFragment(hmac: AuditHmac, value: Json, clearKeys: ReadonlySet<string> = noKeys): string {
  return auditFragment(hmac, jsonText(value), clearKeys);
}

/** Gives the fragment of a body that is not JSON, or of an answer of bytes: one HMAC. */
export function rawFragment(hmac: AuditHmac, body: string | Uint8Array): string {
  return `{"http_raw_body":"${hmac(body)}"}`;
}

function jsonText(value: Json | undefined): string {
  if (value instanceof OpaqueJson) return value.text;
  if (value === undefined || value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  if (isList(value)) return `[${value.map((item) => jsonText(item)).join(',')}]`;
  const members = Object.entries(value).filter(([, held]) => held !== undefined);
  return `{${members.map(([name, held]) => `${JSON.stringify(name)}:${jsonText(held)}`).join(',')}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Not JSON, too deep or too much. Says nothing: what was read may be secret. */
class Unreadable extends Error {}

const space = /[ \t\r\n]*/y;
// oxlint-disable-next-line no-control-regex
const plain = /[^"\\\u0000-\u001f]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const words = ['true', 'false', 'null'] as const;

class Walk {
  readonly #hmac: AuditHmac;
  readonly #text: string;
  readonly #clearKeys: ReadonlySet<string>;
  #at = 0;
  #leaves = 0;

  constructor(hmac: AuditHmac, text: string, clearKeys: ReadonlySet<string>) {
    this.#hmac = hmac;
    this.#text = text;
    this.#clearKeys = clearKeys;
  }

  document(): string {
    const fragment = this.#value(0, false);
    this.#skip();
    if (this.#at < this.#text.length) throw new Unreadable();
    return fragment;
  }

  #value(depth: number, clear: boolean): string {
    this.#skip();
    if (depth > fragmentDepthMax) throw new Unreadable();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth, clear);
      case 0x5b:
        return this.#list(depth, clear);
      case 0x22:
        return this.#string(clear);
      default:
        return this.#word() ?? this.#number(clear);
    }
  }

  #object(depth: number, clear: boolean): string {
    this.#at++;
    if (this.#take('}')) return '{}';
    let out = '{';
    for (;;) {
      this.#skip();
      const from = this.#at;
      this.#scanString();
      const key = this.#text.slice(from, this.#at);
      if (!this.#take(':')) throw new Unreadable();
      const listed = depth === 0 && this.#clearKeys.size > 0 && this.#clearKeys.has(decode(key));
      out += `${key}:${this.#value(depth + 1, clear || listed)}`;
      if (this.#take('}')) return `${out}}`;
      if (!this.#take(',')) throw new Unreadable();
      out += ',';
    }
  }

  #list(depth: number, clear: boolean): string {
    this.#at++;
    if (this.#take(']')) return '[]';
    let out = '[';
    for (;;) {
      out += this.#value(depth + 1, clear);
      if (this.#take(']')) return `${out}]`;
      if (!this.#take(',')) throw new Unreadable();
      out += ',';
    }
  }

  #string(clear: boolean): string {
    const from = this.#at;
    const escaped = this.#scanString();
    if (clear) return this.#text.slice(from, this.#at);
    const value = escaped ? decode(this.#text.slice(from, this.#at)) : this.#text.slice(from + 1, this.#at - 1);
    return this.#hashed(value);
  }

  #hashed(leaf: string): string {
    if (++this.#leaves > fragmentLeavesMax) throw new Unreadable();
    return `"${this.#hmac(leaf)}"`;
  }

  /** Steps over a string; true when it holds escapes. */
  #scanString(): boolean {
    if (this.#text.charCodeAt(this.#at) !== 0x22) throw new Unreadable();
    this.#at++;
    for (let escaped = false; ; escaped = true) {
      this.#match(plain);
      if (this.#text.charCodeAt(this.#at) === 0x22) {
        this.#at++;
        return escaped;
      }
      if (!this.#match(escape)) throw new Unreadable();
    }
  }

  #word(): string | undefined {
    const word = words.find((candidate) => this.#text.startsWith(candidate, this.#at));
    if (word !== undefined) this.#at += word.length;
    return word;
  }

  #number(clear: boolean): string {
    const from = this.#at;
    if (!this.#match(number)) throw new Unreadable();
    const lexeme = this.#text.slice(from, this.#at);
    return clear ? lexeme : this.#hashed(lexeme);
  }

  #skip(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) this.#match(space);
  }

  #take(char: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #match(sticky: RegExp): boolean {
    sticky.lastIndex = this.#at;
    if (!sticky.test(this.#text)) return false;
    this.#at = sticky.lastIndex;
    return true;
  }
}

/** The text of a string that was scanned already. */
function decode(lexeme: string): string {
  return String(JSON.parse(lexeme));
}
