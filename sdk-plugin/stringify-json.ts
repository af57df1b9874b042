/** Prints a handler's answer, user JSON spliced in as it was written. */
import type { Json } from './engine.ts';
import { OpaqueJson } from './json.ts';
import { Secret } from './secret.ts';

/**
 * Makes JSON text. Undefined members are dropped, as by `JSON.stringify`; `OpaqueJson` appears verbatim.
 * @throws TypeError for what JSON can't say: functions, symbols, circles, and undefined outside an object
 */
export function stringifyJson(value: Json): string {
  // The engine's own printer is many times faster than ours, in a component most of all, and knows all but user JSON.
  if (!holdsOpaque(value)) return JSON.stringify(value);
  if (value instanceof OpaqueJson) return value.text;
  if (isList(value)) return `[${value.map(stringifyJson).join(',')}]`;
  let members = '';
  for (const [name, member] of Object.entries(value as Readonly<Record<string, Json | undefined>>)) {
    if (member !== undefined) members += `${members === '' ? '' : ','}${JSON.stringify(name)}:${stringifyJson(member)}`;
  }
  return `{${members}}`;
}

/** Whether user JSON is anywhere in a value. @throws TypeError for what is no JSON, which `JSON.stringify` would leave out */
function holdsOpaque(value: unknown): boolean {
  if (value === null || typeof value !== 'object') {
    const type = typeof value;
    if (type === 'string' || type === 'number' || type === 'boolean' || value === null) return false;
    throw new TypeError(`a ${type} is not JSON`);
  }
  if (value instanceof OpaqueJson) return true;
  // Of types that were erased: its fields are private, and it would be an empty object.
  if (value instanceof Secret) return value.toJSON();
  let found = false;
  if (isList(value)) {
    for (const item of value) if (holdsOpaque(item)) found = true;
    return found;
  }
  for (const name in value) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member !== undefined && Object.hasOwn(value, name) && holdsOpaque(member)) found = true;
  }
  return found;
}

// Array.isArray alone does not narrow a union with readonly arrays.
function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}
