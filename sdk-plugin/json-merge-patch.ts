/** Merge-patch of user JSON: what is not named by the patch stays as it was written. */
import { OpaqueJson } from './json.ts';
import { isJsonNull, parseJson, printJson, type JsonNode } from './json-tree.ts';

/**
 * Applies a merge patch: members of the patch replace, null removes, objects merge; anything but an object replaces the whole target.
 * @source RFC 7396
 * @throws PluginError `invalid` for malformed or too deep JSON
 */
export function mergePatch(target: OpaqueJson, patch: OpaqueJson): OpaqueJson {
  return new OpaqueJson(printJson(merge(parseJson(target.text), parseJson(patch.text))));
}

function merge(target: JsonNode | undefined, patch: JsonNode): JsonNode {
  if (patch.kind !== 'object') return patch;
  const members = new Map(target?.kind === 'object' ? target.members : []);
  for (const [name, change] of patch.members) {
    if (isJsonNull(change)) members.delete(name);
    else members.set(name, merge(members.get(name), change));
  }
  return { kind: 'object', members };
}
