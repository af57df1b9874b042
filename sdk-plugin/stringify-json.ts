/** Prints a handler's answer, user JSON spliced in as it was written. */
import type { Json } from './engine.ts';
import { OpaqueJson } from './json.ts';

/**
 * Makes JSON text. Undefined members are dropped, as by `JSON.stringify`; `OpaqueJson` appears verbatim.
 * @throws TypeError for what JSON can't say: functions, symbols, circles, and undefined outside an object
 */
export function stringifyJson(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value);
  // In a component a call of the engine's own printer costs more than the text of a small object.
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (value === null || typeof value === 'boolean') return `${value}`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} is not JSON`);
  if (value instanceof OpaqueJson) return value.text;
  // Of types that were erased, and know themselves how they are printed: a date, or a secret, which refuses.
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === 'function' && !Object.hasOwn(value, 'toJSON'))
    return JSON.stringify(value);
  return isList(value) ? stringifyList(value) : stringifyObject(value);
}

type Members = Readonly<Record<string, Json | undefined>>;

function stringifyList(list: readonly Json[]): string {
  if (isFlat(list)) return JSON.stringify(list);
  let text = '[';
  for (const item of list) text += (text === '[' ? '' : ',') + stringifyJson(item);
  return text + ']';
}

function stringifyObject(members: Members): string {
  let text = '{';
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (member !== undefined) text += (text === '{' ? '' : ',') + quoted(name) + stringifyJson(member);
  }
  return text + '}';
}

/** Names of members with their quotes and colon: few, and the same in every answer. */
const quotedNames = new Map<string, string>();
const quotedNamesMax = 1000;

function quoted(name: string): string {
  let text = quotedNames.get(name);
  if (text === undefined) {
    if (quotedNames.size >= quotedNamesMax) quotedNames.clear();
    quotedNames.set(name, (text = `${JSON.stringify(name)}:`));
  }
  return text;
}

/** Whether a list is one of texts and numbers, which the engine's own printer knows. */
function isFlat(list: readonly unknown[]): boolean {
  for (const item of list) if (typeof item !== 'string' && typeof item !== 'number') return false;
  return true;
}

// Array.isArray alone does not narrow a union with readonly arrays.
function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}
