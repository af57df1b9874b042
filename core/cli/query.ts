/** The query of a request from `key=value` arguments. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { members, textOf } from './json-node.ts';

/** Gives each member as text. */
export function queryOf(data: JsonNode): Readonly<Record<string, string>> {
  return Object.fromEntries(members(data).map(([name, value]) => [name, textOf(value)]));
}
