/** Names, metadata and policies of entities, groups and their aliases: their bounds, and how names become parts of storage keys. */
import { hash } from 'node:crypto';
import { StrongroomError } from '../errors.ts';

/** Longest name of an entity or a group, in UTF-16 units. */
export const identityNameMax = 512;
/** Longest name of an alias: that of a login. */
export const aliasNameMax = 1024;
/** Most policies of an entity or a group. */
export const identityPoliciesMax = 1024;
/** Most pairs of metadata. */
export const metadataPairsMax = 64;
/** Longest key and value of metadata, in UTF-16 units. */
export const metadataKeyMax = 128;
/** See `metadataKeyMax`. */
export const metadataValueMax = 512;

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f]/u;

function isPlain(text: string, lengthMax: number): boolean {
  return text !== '' && text.length <= lengthMax && !control.test(text) && text.isWellFormed();
}

/** Checks a name. @throws StrongroomError `invalid` naming the field and the bound */
export function checkedName(field: string, name: string, lengthMax: number = identityNameMax): string {
  if (!isPlain(name, lengthMax))
    throw new StrongroomError('invalid', `field ${field}: must have 1 to ${lengthMax} characters, none of them a control character`);
  return name;
}

/** Checks metadata. @throws StrongroomError `invalid` naming the field and the bound */
export function checkedMetadata(field: string, pairs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(pairs);
  if (entries.length > metadataPairsMax) throw new StrongroomError('invalid', `field ${field}: at most ${metadataPairsMax} pairs`);
  if (!entries.every(fits))
    throw new StrongroomError(
      'invalid',
      `field ${field}: a key must have 1 to ${metadataKeyMax} characters, none of them a control character, and a value at most ${metadataValueMax}`,
    );
  return Object.fromEntries(entries);
}

/** Of the metadata of a login, which may be larger, what an alias can keep: the first pairs by name that are within the bounds. */
export function keptMetadata(pairs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(pairs).filter(fits);
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, metadataPairsMax));
}

function fits([key, value]: readonly [string, string]): boolean {
  return isPlain(key, metadataKeyMax) && value.length <= metadataValueMax && value.isWellFormed();
}

/** A name without case, as a segment of a key: listings show it by `nameOfSegment`. */
export function nameSegment(name: string): string {
  return encodeURIComponent(name.toLowerCase());
}

/** A name without case, as a segment of a key that is never listed: names of logins are too long for keys. */
export function aliasSegment(name: string): string {
  return hash('sha256', name.toLowerCase(), 'base64url');
}

/** Whether a text can be a segment of a key. Ids and accessors come from requests too: one that can't is that of nothing. */
export function isKeySegment(id: string): boolean {
  return id !== '' && id.length <= 256 && !id.includes('/') && id.isWellFormed();
}
