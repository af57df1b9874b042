/** Custom metadata: text by text, which users attach to a secret, within bounds. */
import { isJsonNull, PluginError, utf8Length, type JsonNode } from '@strongroom/sdk-plugin';

/** Most keys of one secret. */
export const customKeysMax = 64;
/** Longest key, in bytes of UTF-8. */
export const customKeyBytesMax = 128;
/** Longest value, in bytes of UTF-8. */
export const customValueBytesMax = 512;

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Gives the metadata sorted by key, as answers show it; undefined when it is empty.
 * @throws PluginError `invalid` naming the bound, never the key or value
 */
export function checkCustomMetadata(custom: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(custom);
  if (entries.length > customKeysMax) refuse(`payload must contain at most ${customKeysMax} keys, provided ${entries.length}`);
  for (const [key, value] of entries) {
    if (key === '') refuse('length of key must be at least 1 byte');
    if (utf8Length(key) > customKeyBytesMax)
      refuse(`length of key is ${utf8Length(key)} bytes but at most ${customKeyBytesMax} are allowed`);
    if (utf8Length(value) > customValueBytesMax)
      refuse(`length of value is ${utf8Length(value)} bytes but at most ${customValueBytesMax} are allowed`);
    if (unprintable.test(key)) refuse('key contains unprintable characters');
    if (unprintable.test(value)) refuse('value contains unprintable characters');
  }
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Applies a merge patch to custom metadata: null removes a key, numbers and truth values become text as they are written.
 * @param patch an object, or null for "none at all"
 * @throws PluginError `invalid` for anything else, and as `checkCustomMetadata`
 */
export function patchCustomMetadata(
  custom: Readonly<Record<string, string>> | undefined,
  patch: JsonNode,
): Readonly<Record<string, string>> | undefined {
  if (isJsonNull(patch)) return undefined;
  if (patch.kind !== 'object') return refuse('payload must be an object');
  const merged = new Map(Object.entries(custom ?? {}));
  for (const [key, value] of patch.members) {
    if (value.kind !== 'scalar') refuse('values must be strings');
    else if (isJsonNull(value)) merged.delete(key);
    else merged.set(key, value.text.startsWith('"') ? String(JSON.parse(value.text)) : value.text);
  }
  return checkCustomMetadata(Object.fromEntries(merged));
}

function refuse(what: string): never {
  throw new PluginError('invalid', `custom_metadata validation failed: ${what}`);
}
