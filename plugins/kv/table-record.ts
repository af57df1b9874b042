/**
 * The stored form of a version table: JSON text of an array, without names because each request parses one.
 *
 *     [1, created, updated, current, oldest,            1 is the format
 *      maxVersions, casRequired (0 or 1), deleteVersionAfter,
 *      null or {custom metadata},
 *      [created, deletion or 0, destroyed (0 or 1)], ...]   one per version that is kept
 *
 * Storage keys: `meta/{path}` holds this, `version/{path}/{number}` the value of one version as the JSON text that was written.
 */
import { decodeUtf8, encodeUtf8, type Context, type Follow } from '@strongroom/sdk-plugin';
import type { Version, VersionTable } from './version-table.ts';

type VersionRecord = readonly [created: number, deletion: number, destroyed: 0 | 1];
type TableRecord = readonly [
  format: 1,
  created: number,
  updated: number,
  current: number,
  oldest: number,
  maxVersions: number,
  casRequired: 0 | 1,
  deleteVersionAfter: number,
  custom: Readonly<Record<string, string>> | null,
  ...versions: readonly VersionRecord[],
];

/** What a read of the newest version wants besides the table. */
export const newestVersion: Follow = { from: 'meta/{path}', at: 3, key: 'version/{path}/{}' };

/** Storage key of the version tables below a directory ('' or 'a/'), or of the one of a path. */
export function tableKey(path: string): string {
  return `meta/${path}`;
}

/** Storage key of the value of one version. */
export function versionKey(path: string, number: number): string {
  return `version/${path}/${number}`;
}

/** Reads the version table of a path; undefined when there is no such secret. */
export function readTable(ctx: Context, path: string): Promise<VersionTable | undefined> {
  return ctx.storage.derived(tableKey(path), decodeTable);
}

/** Stores the version table of a path. */
export function writeTable(ctx: Context, path: string, table: VersionTable): void {
  ctx.storage.put(tableKey(path), encodeTable(table));
}

/** Makes the stored form of a table. */
export function encodeTable(table: VersionTable): Uint8Array {
  const { settings } = table;
  const record: TableRecord = [
    1,
    table.created,
    table.updated,
    table.current,
    table.oldest,
    settings.maxVersions,
    settings.casRequired ? 1 : 0,
    settings.deleteVersionAfter,
    table.custom ?? null,
    ...table.versions.map(encodeVersion),
  ];
  return encodeUtf8(JSON.stringify(record));
}

/**
 * Reads the stored form.
 * @throws Error for an entry that `encodeTable` did not make
 */
export function decodeTable(bytes: Uint8Array): VersionTable {
  const record = JSON.parse(decodeUtf8(bytes)) as TableRecord;
  const [format, created, updated, current, oldest, maxVersions, casRequired, deleteVersionAfter, custom, ...versions] = record;
  if (format !== 1) throw new Error('version table of an unknown format');
  const settings = { maxVersions, casRequired: casRequired === 1, deleteVersionAfter };
  return { settings, created, updated, current, oldest, custom: custom ?? undefined, versions: versions.map(decodeVersion) };
}

function encodeVersion(version: Version): VersionRecord {
  return [version.created, version.deletion ?? 0, version.destroyed ? 1 : 0];
}

function decodeVersion([created, deletion, destroyed]: VersionRecord): Version {
  return { created, deletion: deletion === 0 ? undefined : deletion, destroyed: destroyed === 1 };
}
