/** The blocks that describe one version in answers. */
import { type Context, OpaqueJson, type Reply } from '@strongroom/sdk-plugin';
import { formatTime } from './go-time.ts';
import { isReadable, versionAt, type Version, type VersionTable } from './version-table.ts';

/** What the newest version of a table was printed as: a table never changes, and whoever keeps it keeps this. */
const newestPrinted = new WeakMap<VersionTable, string>();

/** The `metadata` of a read, and the whole data of a write's answer. */
export function versionBlock(table: VersionTable, number: number, version: Version): OpaqueJson {
  return new OpaqueJson(blockText(table, number, version));
}

function blockText(table: VersionTable, number: number, version: Version): string {
  if (number !== table.current) return printBlock(table, number, version);
  const kept = newestPrinted.get(table);
  if (kept !== undefined) return kept;
  const printed = printBlock(table, number, version);
  newestPrinted.set(table, printed);
  return printed;
}

/** By hand: in a component an object costs ten times its text. */
function printBlock({ custom }: VersionTable, number: number, { created, deletion, destroyed }: Version): string {
  const times = `"created_time":"${formatTime(created)}","custom_metadata":${custom === undefined ? 'null' : JSON.stringify(custom)}`;
  return `{${times},"deletion_time":"${formatTime(deletion)}","destroyed":${destroyed},"version":${number}}`;
}

/** A version that was asked for: its number, itself, and whether its value can be read. */
export interface Found {
  readonly number: number;
  readonly version: Version;
  readonly readable: boolean;
  /** Until when an answer from this stays true, unless the secret changes: milliseconds since 1970. */
  readonly validUntil: number;
}

/** Finds a version by number (0 or undefined: the newest); undefined when it never was or is no longer kept. */
export function findVersion(ctx: Context, table: VersionTable, asked: number | undefined): Found | undefined {
  const number = asked === undefined || asked === 0 ? table.current : asked;
  const version = versionAt(table, number);
  if (!version) return undefined;
  const readable = isReadable(version, () => ctx.now());
  return { number, version, readable, validUntil: readable ? (version.deletion ?? Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER };
}

/** Answers a read by a block named `name` and the version's metadata; a version that cannot be read is a 404 with null in the block. */
export function versionReply(table: VersionTable, found: Found, name: 'data' | 'subkeys', block: OpaqueJson | null): Reply {
  const { number, version, readable, validUntil } = found;
  const text = readable && block !== null ? block.text : 'null';
  const data = new OpaqueJson(`{"${name}":${text},"metadata":${blockText(table, number, version)}}`);
  return readable ? { data, validUntil } : { status: 404, data, validUntil };
}
