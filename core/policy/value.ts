/** Values of parameters, compared as JSON values: 1, 1.0 and 1e0 are one number, whatever their size. */
import { OpaqueJson, type Json } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { parseJson } from './json.ts';
import type { Node } from './syntax.ts';

/** A number in canonical form: sign, digits without zeros at either end, exponent. */
export interface Decimal {
  readonly decimal: string;
}

/** A value of `allowed_parameters` and `denied_parameters`. */
export type Value = null | boolean | string | Decimal | readonly Value[] | ReadonlyMap<string, Value>;

/** Characters of a number. Beyond it the arithmetic on its digits would no longer be linear. */
export const numberLengthMax = 1024;

/**
 * Gives the canonical form of a JSON or HCL number.
 * @throws StrongroomError `invalid` when it is longer than `numberLengthMax`
 */
export function decimal(lexeme: string): Decimal {
  if (lexeme.length > numberLengthMax) throw new StrongroomError('invalid', `a number is longer than ${numberLengthMax} characters`);
  const hex = /^(-?)0x([0-9a-f]+)$/iu.exec(lexeme);
  const text = hex ? `${hex[1] ?? ''}${BigInt(`0x${hex[2] ?? '0'}`)}` : lexeme;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/iu.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/u, '');
  const kept = stripTrailingZeros(digits);
  if (kept === '') return { decimal: '0' };
  return { decimal: `${sign}${kept}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length)}` };
}

function stripTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--;
  return digits.slice(0, end);
}

/** Turns a parsed node into a value. Of a name that HCL gives twice, the last counts. */
export function nodeValue(node: Node): Value {
  if (node.kind === 'object') return new Map(node.members.map((member) => [member.name, nodeValue(member.value)]));
  if (node.kind === 'list') return node.items.map((item) => nodeValue(item));
  if (node.kind === 'string') return node.text;
  if (node.kind === 'number') return decimal(node.lexeme);
  return node.kind === 'boolean' ? node.value : null;
}

/** Turns a request's value into a comparable one; undefined when it cannot be compared (user JSON with duplicate keys, or too deep). */
export function jsonValue(json: Json | undefined, depth = 0): Value | undefined {
  if (depth > 32) return undefined;
  if (json === undefined || json === null) return null;
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') return Number.isFinite(json) ? decimal(String(json)) : undefined;
  if (json instanceof OpaqueJson) {
    try {
      return nodeValue(parseJson(json.text));
    } catch {
      return undefined;
    }
  }
  if (isList(json)) {
    const items = json.map((item) => jsonValue(item, depth + 1));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  const members = new Map<string, Value>();
  for (const [name, held] of Object.entries(json)) {
    const value = jsonValue(held, depth + 1);
    if (value === undefined) return undefined;
    members.set(name, value);
  }
  return members;
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

/** Tells whether a value of a rule matches a value of a request: equal, or a text with a glob at its start or end. A lone `*` is a text of one character. */
export function valueMatches(rule: Value, given: Value): boolean {
  if (typeof rule === 'string') return typeof given === 'string' && globMatches(rule, given);
  if (rule === null || typeof rule === 'boolean') return rule === given;
  if (given === null || typeof given !== 'object') return false;
  if ('decimal' in rule) return 'decimal' in given && rule.decimal === given.decimal;
  if (rule instanceof Map) {
    return given instanceof Map && rule.size === given.size && [...rule].every(([name, held]) => same(held, given.get(name)));
  }
  if (!Array.isArray(rule) || !Array.isArray(given)) return false;
  return rule.length === given.length && rule.every((item: Value, index) => same(item, given[index] as Value));
}

/** Inside lists and objects there are no globs. */
function same(rule: Value, given: Value | undefined): boolean {
  if (given === undefined) return false;
  return typeof rule === 'string' ? rule === given : valueMatches(rule, given);
}

function globMatches(glob: string, text: string): boolean {
  if (glob.length < 2) return glob === text;
  const open = glob.startsWith('*');
  const ended = glob.endsWith('*');
  if (open && ended) return text.includes(glob.slice(1, -1));
  if (open) return text.endsWith(glob.slice(1));
  return ended ? text.startsWith(glob.slice(0, -1)) : glob === text;
}
