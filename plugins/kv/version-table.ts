/**
 * The version table of a secret: everything about it but its values. Every request reads it, so it is small; tables are values
 * that are never changed in place, because the room shares the parsed one between requests.
 */
import { noSettings, type Settings } from './settings.ts';

/** One version. Times in milliseconds since 1970. */
export interface Version {
  readonly created: number;
  /** Deleted from then on; may lie in the future (delete_version_after). */
  readonly deletion: number | undefined;
  readonly destroyed: boolean;
}

/** A secret's versions and its own settings. */
export interface VersionTable {
  readonly settings: Settings;
  readonly created: number;
  readonly updated: number;
  /** Number of the newest version; 0 when there is none yet. */
  readonly current: number;
  /** Number of the oldest version that is kept; 0 until the table was full for the first time, as Vault reports it. */
  readonly oldest: number;
  /** The versions that are kept, in order: the last one is `current`. */
  readonly versions: readonly Version[];
  /** Sorted by key; undefined when there is none. */
  readonly custom: Readonly<Record<string, string>> | undefined;
  /** Where the value of the newest version begins in the text of the entry that the table was read from; 0: it has an entry of its own. */
  readonly besideAt: number;
}

/** A secret without versions. */
export function newTable(now: number): VersionTable {
  return { settings: noSettings, created: now, updated: now, current: 0, oldest: 0, versions: [], custom: undefined, besideAt: 0 };
}

/** Number of the first version that is kept. */
export function firstKept(table: VersionTable): number {
  return table.current - table.versions.length + 1;
}

/** The version with this number, unless it never was or is no longer kept. */
export function versionAt(table: VersionTable, number: number): Version | undefined {
  return table.versions[number - firstKept(table)];
}

/** Tells whether a version's value can be read at `now`. The clock is asked only where the answer depends on it. */
export function isReadable(version: Version, now: () => number): boolean {
  return !version.destroyed && (version.deletion === undefined || version.deletion > now());
}

/** A table with a new version, and the numbers of those that it no longer has. */
export interface Added {
  readonly table: VersionTable;
  readonly dropped: readonly number[];
}

/** Adds a version and drops the oldest ones over `kept` (at least 1). */
export function addVersion(table: VersionTable, version: Version, kept: number): Added {
  const current = table.current + 1;
  const first = firstKept(table);
  const versions = [...table.versions, version];
  const dropped = versions.slice(0, Math.max(0, versions.length - kept)).map((_, index) => first + index);
  const oldest = current - table.oldest >= kept ? current - kept + 1 : table.oldest;
  const added = { ...table, updated: version.created, current, oldest, versions: versions.slice(dropped.length), besideAt: 0 };
  return { table: added, dropped };
}

/** Replaces versions by number; those that are not kept are left out. `change` gives undefined for "as it is". */
export function changeVersions(
  table: VersionTable,
  numbers: readonly number[],
  change: (version: Version) => Version | undefined,
): { readonly table: VersionTable; readonly changed: readonly number[] } {
  const versions = [...table.versions];
  const changed: number[] = [];
  for (const number of new Set(numbers)) {
    const index = number - firstKept(table);
    const version = versions[index];
    const next = version && change(version);
    if (!next) continue;
    versions[index] = next;
    changed.push(number);
  }
  return { table: { ...table, versions }, changed };
}
