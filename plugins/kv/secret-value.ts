/** The value of one version: a JSON object (or null) as the user wrote it. */
import { type Context, encodeUtf8, OpaqueJson, PluginError, upon } from '@strongroom/sdk-plugin';
import { versionKey } from './table-record.ts';

/** Longest value, in bytes of its JSON text. */
export const secretBytesMax = 524_288;

/**
 * Reads a value that the version table says is there.
 * @throws Error when it is not: that is damage, and must never look like a deleted secret
 */
export function readValue(ctx: Context, path: string, number: number): OpaqueJson | Promise<OpaqueJson> {
  return upon(ctx.storage.text(versionKey(path, number)), (text) => {
    if (text === undefined) throw new Error('the value of a version is missing from storage');
    return new OpaqueJson(text);
  });
}

/** Reads a value that may be there. */
export async function storedValue(ctx: Context, path: string, number: number): Promise<OpaqueJson | undefined> {
  const text = await ctx.storage.text(versionKey(path, number));
  return text === undefined ? undefined : new OpaqueJson(text);
}

/**
 * Stores a value.
 * @throws PluginError `too-large` over `secretBytesMax`
 */
export function writeValue(ctx: Context, path: string, number: number, value: OpaqueJson): void {
  const bytes = encodeUtf8(value.text);
  if (bytes.length > secretBytesMax)
    throw new PluginError('too-large', `data is ${bytes.length} bytes of JSON, at most ${secretBytesMax} are allowed`);
  ctx.storage.put(versionKey(path, number), bytes);
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
