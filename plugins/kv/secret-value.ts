/** The value of one version: a JSON object (or null) as the user wrote it. Whether it comes to lie beside its table or apart is decided here. */
import { type Context, encodeUtf8, OpaqueJson, PluginError, upon } from '@strongroom/sdk-plugin';
import { besideMax, encodeTable, tableKey, valueBeside, versionKey } from './table-record.ts';
import type { Added, VersionTable } from './version-table.ts';

/** Longest value, in bytes of its JSON text. */
export const secretBytesMax = 524_288;

/**
 * Reads a value that the version table says is there.
 * @throws Error when it is not: that is damage, and must never look like a deleted secret
 */
export function readValue(ctx: Context, path: string, table: VersionTable, number: number): OpaqueJson | Promise<OpaqueJson> {
  const beside = number === table.current ? valueBeside(ctx, path, table) : undefined;
  return beside === undefined ? valueApart(ctx, path, number) : upon(beside, present);
}

function valueApart(ctx: Context, path: string, number: number): OpaqueJson | Promise<OpaqueJson> {
  return upon(ctx.storage.text(versionKey(path, number)), present);
}

function present(text: string | undefined): OpaqueJson {
  if (text === undefined) throw new Error('the value of a version is missing from storage');
  return new OpaqueJson(text);
}

/** Reads a value that may be there. */
export async function storedValue(ctx: Context, path: string, number: number): Promise<OpaqueJson | undefined> {
  const text = await ctx.storage.text(versionKey(path, number));
  return text === undefined ? undefined : new OpaqueJson(text);
}

/**
 * Stores a version that was added: its value beside the table or, when it is large, apart from it; and apart what lay there before.
 * @param before the table as it is stored
 * @throws PluginError `too-large` over `secretBytesMax`
 */
export async function writeNewest(
  ctx: Context,
  path: string,
  before: VersionTable,
  { table, dropped }: Added,
  value: OpaqueJson,
): Promise<void> {
  const bytes = encodeValue(value);
  const moved = dropped.includes(before.current) ? undefined : await valueBeside(ctx, path, before);
  removeValues(ctx, path, before, dropped);
  if (moved !== undefined) ctx.storage.put(versionKey(path, before.current), encodeUtf8(moved));
  const beside = value.text.length <= besideMax;
  if (!beside) ctx.storage.put(versionKey(path, table.current), bytes);
  ctx.storage.put(tableKey(path), encodeTable(table, beside ? value.text : undefined));
}

/** Removes values that lie apart from the table; what lies beside it goes with its entry. @param table as it is stored */
export function removeValues(ctx: Context, path: string, table: VersionTable, numbers: readonly number[]): void {
  for (const number of numbers) if (number !== table.current || table.besideAt === 0) ctx.storage.delete(versionKey(path, number));
}

/**
 * The stored form of a value.
 * @throws PluginError `too-large` over `secretBytesMax`
 */
export function encodeValue({ text }: OpaqueJson): Uint8Array {
  const bytes = encodeUtf8(text);
  if (bytes.length > secretBytesMax)
    throw new PluginError('too-large', `data is ${bytes.length} bytes of JSON, at most ${secretBytesMax} are allowed`);
  return bytes;
}

/**
 * Checks the `data` of a write.
 * @throws PluginError `invalid` when it is absent, or neither an object nor null
 */
export function requireData(data: OpaqueJson | undefined): OpaqueJson {
  if (!data) throw new PluginError('invalid', 'no data provided');
  const text = data.text.trim();
  if (text !== 'null' && !text.startsWith('{')) throw new PluginError('invalid', 'data must be an object');
  return data;
}
