/** Prints a handler's answer, user JSON spliced in as it was written. */
import type { Json } from './engine.ts';
import { OpaqueJson } from './json.ts';

/** Makes JSON text. Undefined members are dropped, as by `JSON.stringify`; `OpaqueJson` appears verbatim. */
export function stringifyJson(value: Json): string {
  if (value instanceof OpaqueJson) return value.text;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
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
