/** Finds the entries that other entries name, so that they travel with a call. What an entry holds is the plugin's: nothing of it is trusted. */
import type { Follow } from '../engine.ts';
import { decodeUtf8 } from '../utf8.ts';
import { fillTemplate, type PathParams } from './route-table.ts';
import { isStorageKey } from './storage-key.ts';

/** Bounds of what is followed. */
export const followLimits = {
  /** Of one operation. */
  followsMax: 4,
  /** Of the first line of an entry that names another: it is parsed at every call. */
  fromBytesMax: 4096,
  /** Of an entry that is sent along although nobody asked for it. */
  valueBytesMax: 65_536,
} as const;

/**
 * The key that an entry leads to; undefined when it names none that a plugin may use.
 * @param entry what stands at the key `from`
 */
export function followedKey({ at, key }: Follow, params: PathParams, entry: Uint8Array | undefined): string | undefined {
  const found = entry === undefined ? undefined : memberOf(firstLine(entry), at);
  if (found === undefined) return undefined;
  const filled = key
    .split('{}')
    .map((part) => fillTemplate(part, params))
    .join(found);
  return isStorageKey(filled) ? filled : undefined;
}

/** An entry may have more below its JSON. */
function firstLine(entry: Uint8Array): Uint8Array {
  const end = entry.indexOf(10);
  return end < 0 ? entry : entry.subarray(0, end);
}

function memberOf(entry: Uint8Array, at: string | number): string | undefined {
  if (entry.length > followLimits.fromBytesMax) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(decodeUtf8(entry));
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, at)) return undefined;
  const found = (json as Readonly<Record<string | number, unknown>>)[at];
  return typeof found === 'number' || typeof found === 'string' ? String(found) : undefined;
}
