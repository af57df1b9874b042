/**
 * The stored form of a secret: its version table as JSON text of an array, without names because each request parses one; and, on a line of its
 * own behind it, the value of the newest version as the JSON text that was written, unless it is large: a read of the newest version wants both.
 *
 *     [2, created, updated, current, oldest,            2 is the format
 *      maxVersions, casRequired (0 or 1), deleteVersionAfter,
 *      null or {custom metadata},
 *      null, or current if its value is not on the second line,
 *      [created, deletion or 0, destroyed (0 or 1)], ...]   one per version that is kept
 *     {"the": "newest value"}
 *
 * Storage keys: `meta/{path}` holds this, `version/{path}/{number}` the value of any other version. Format 1 had no second line, and not the
 * member that says so.
 */
import { decodeUtf8, encodeUtf8, type Context, type Follow, upon } from '@strongroom/sdk-plugin';
import type { Version, VersionTable } from './version-table.ts';

type VersionRecord = readonly [created: number, deletion: number, destroyed: 0 | 1];
type Head = readonly [
  format: 1 | 2,
  created: number,
  updated: number,
  current: number,
  oldest: number,
  maxVersions: number,
  casRequired: 0 | 1,
  deleteVersionAfter: number,
  custom: Readonly<Record<string, string>> | null,
];
type TableRecord = readonly [...Head, apart: number | null, ...versions: readonly VersionRecord[]];
const endOfTable = '\n';

/** Longest value that lies beside its table, in characters: what reads the table alone reads it too. */
export const besideMax = 2048;

/** What a read of the newest version wants besides the table, if it is not there. */
export const newestVersion: Follow = { from: 'meta/{path}', at: 9, key: 'version/{path}/{}' };

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

/** The value that lies beside the table of a path. @param table as it is stored */
export function valueBeside(ctx: Context, path: string, { besideAt }: VersionTable): string | undefined | Promise<string | undefined> {
  return besideAt === 0 ? undefined : upon(ctx.storage.text(tableKey(path)), (text) => text?.slice(besideAt));
}

/** Stores the changed table of a path, whose newest version is the same: its value stays where it is, unless it was destroyed. */
export async function writeTable(ctx: Context, path: string, table: VersionTable): Promise<void> {
  const beside = table.versions.at(-1)?.destroyed === true ? undefined : await valueBeside(ctx, path, table);
  ctx.storage.put(tableKey(path), encodeTable(table, beside));
}

/** Makes the stored form of a table. @param beside the value of its newest version, if it is to lie there */
export function encodeTable(table: VersionTable, beside?: string): Uint8Array {
  const { settings } = table;
  const record: TableRecord = [
    2,
    table.created,
    table.updated,
    table.current,
    table.oldest,
    settings.maxVersions,
    settings.casRequired ? 1 : 0,
    settings.deleteVersionAfter,
    table.custom ?? null,
    beside === undefined ? table.current : null,
    ...table.versions.map(encodeVersion),
  ];
  const text = JSON.stringify(record);
  return encodeUtf8(beside === undefined ? text : text + endOfTable + beside);
}

/**
 * Reads the table of the stored form.
 * @throws Error for an entry that `encodeTable` did not make
 */
export function decodeTable(bytes: Uint8Array): VersionTable {
  const text = decodeUtf8(bytes);
  const besideAt = text.indexOf(endOfTable) + 1;
  const record = JSON.parse(besideAt === 0 ? text : text.slice(0, besideAt)) as readonly [...Head, ...unknown[]];
  const [format, created, updated, current, oldest, maxVersions, casRequired, deleteVersionAfter, custom] = record;
  if (format !== 1 && format !== 2) throw new Error('version table of an unknown format');
  const settings = { maxVersions, casRequired: casRequired === 1, deleteVersionAfter };
  const versions = (record.slice(format === 1 ? 9 : 10) as readonly VersionRecord[]).map(decodeVersion);
  return { settings, created, updated, current, oldest, custom: custom ?? undefined, versions, besideAt };
}

function encodeVersion(version: Version): VersionRecord {
  return [version.created, version.deletion ?? 0, version.destroyed ? 1 : 0];
}

function decodeVersion([created, deletion, destroyed]: VersionRecord): Version {
  return { created, deletion: deletion === 0 ? undefined : deletion, destroyed: destroyed === 1 };
}
