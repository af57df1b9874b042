/** Prints a handler's answer, user JSON spliced in as it was written. */
import type { Json } from './engine.ts';
import { OpaqueJson } from './json.ts';
import { Secret } from './secret.ts';

/**
 * Makes JSON text. Undefined members are dropped, as by `JSON.stringify`; `OpaqueJson` appears verbatim.
 * @throws TypeError for what JSON can't say: functions, symbols, circles, and undefined outside an object
 */
export function stringifyJson(value: Json): string {
  if (value instanceof OpaqueJson) return value.text;
  // Of types that were erased: its fields are private, and it would be an empty object.
  if (value instanceof Secret) return value.toJSON();
  if (value === null || typeof value !== 'object') {
    // It gives undefined for functions, whatever its type says.
    const text: unknown = JSON.stringify(value);
    if (typeof text !== 'string') throw new TypeError(`a ${typeof value} is not JSON`);
    return text;
  }
  if (isList(value)) return `[${value.map(stringifyJson).join(',')}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${stringifyJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

// Array.isArray alone does not narrow a union with readonly arrays.
function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
